import { formatCredits, MAX_AMOUNT } from '@market-of-experts/core';
import { accountOf, type StateView } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { spend } from './balances.ts';
import { problemOfDestination } from './destination.ts';

export function applyDeposit(view: StateView, tx: TransactionOf<'deposit'>): Applied | Refused {
  const network = view.network.get('network')!;
  if (tx.from !== network.treasury)
    return refused('not-authorised', `Only the treasury, ${network.treasury}, may deposit.`);
  const problem = problemOfDestination(tx.to) ?? tooLittle(view, tx);
  if (problem !== undefined) return problem;
  const supplyMicro = network.supplyMicro + tx.amountMicro;
  if (supplyMicro > MAX_AMOUNT)
    return refused('limit-reached', 'The deposit would raise the supply above 2^62 micro-credits.');
  const to = accountOf(view, tx.to);
  view.network.set('network', { ...network, supplyMicro });
  view.accounts.set(tx.to, { balanceMicro: to.balanceMicro + tx.amountMicro, nonce: to.nonce });
  return APPLIED;
}

export function applyTransfer(view: StateView, tx: TransactionOf<'transfer'>): Applied | Refused {
  const problem = problemOfDestination(tx.to) ?? tooLittle(view, tx) ?? spend(view, tx, tx.amountMicro);
  if (problem !== undefined) return problem;
  const to = accountOf(view, tx.to);
  view.accounts.set(tx.to, { balanceMicro: to.balanceMicro + tx.amountMicro, nonce: to.nonce });
  return APPLIED;
}

/** Why an account cannot begin with so little: it would cost next to nothing, and stay for ever. */
function tooLittle(
  view: StateView,
  { to, amountMicro }: Pick<TransactionOf<'transfer'>, 'to' | 'amountMicro'>,
): Refused | undefined {
  const { minBalanceMicro } = view.network.get('network')!.rules;
  return accountOf(view, to).balanceMicro + amountMicro < minBalanceMicro
    ? refused(
        'below-minimum',
        `Account ${to} would have ${formatCredits(accountOf(view, to).balanceMicro + amountMicro)} credits; every account has ${formatCredits(minBalanceMicro)} or more. Send it so much.`,
      )
    : undefined;
}
