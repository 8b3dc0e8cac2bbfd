import { formatCredits, hashOf, MAX_AMOUNT } from '@market-of-experts/core';
import { problemOfTerms } from '../market/problem-of-terms.ts';
import { problemOfDestination } from './destination.ts';
import { newMarket } from './markets.ts';
import { APPLIED, type Applied, type Refused, refused } from './outcome.ts';
import { accountOf, type LedgerView } from './state.ts';
import type { TransactionOf } from './transaction.ts';

/** Epochs are counted from 1: 0 is before anything. */
const FIRST_EPOCH = 1;

/** Opens an empty ledger: treasury, first balances, markets. */
export function applyGenesis(view: LedgerView, tx: TransactionOf<'genesis'>): Applied | Refused {
  if (tx.nonce !== 0) return refused('wrong-nonce', 'The genesis entry has nonce 0.');
  const supplyMicro = tx.balances.reduce((sum, { amountMicro }) => sum + amountMicro, 0n);
  if (supplyMicro > MAX_AMOUNT)
    return refused('invalid-genesis', 'The initial balances add up to more than 2^62 micro-credits.');
  for (const { account } of tx.balances) {
    const problem = problemOfDestination(account);
    if (problem !== undefined) return refused('invalid-genesis', problem.message);
  }
  if (tx.balances.some(({ amountMicro }) => amountMicro < tx.rules.minBalanceMicro))
    return refused(
      'invalid-genesis',
      `An initial balance is below ${formatCredits(tx.rules.minBalanceMicro)} credits, the least that an account has.`,
    );
  if (new Set(tx.balances.map(({ account }) => account)).size !== tx.balances.length)
    return refused('invalid-genesis', 'An account has two initial balances; name each account once.');
  if (new Set(tx.markets.map(({ market }) => market)).size !== tx.markets.length)
    return refused('invalid-genesis', 'A market is defined twice; name each market once.');
  for (const { market, terms } of tx.markets) {
    const problem = problemOfTerms(terms);
    if (problem !== undefined) return refused('invalid-terms', `Market "${market}": ${problem}`);
  }

  view.network.set('network', {
    network: tx.network,
    treasury: tx.from,
    minValidatorStakeMicro: tx.minValidatorStakeMicro,
    supplyMicro,
    validatorStakeMicro: 0n,
    validatorCount: 0,
    marketCount: tx.markets.length,
    rules: tx.rules,
    epoch: FIRST_EPOCH,
    epochStartedMs: tx.atMs,
    beacon: hashOf('moe/genesis-beacon/1', [tx.network, tx.from]),
    entropy: hashOf('moe/genesis-entropy/1', [tx.network, tx.from]),
    mintedMicro: 0n,
    burntMicro: 0n,
    liability: { since: { epoch: FIRST_EPOCH, atMs: tx.atMs }, next: { epoch: FIRST_EPOCH, atMs: tx.atMs } },
    rollCall: { number: 0, atMs: tx.atMs },
  });
  for (const { account, amountMicro } of tx.balances)
    view.accounts.set(account, { balanceMicro: amountMicro, nonce: 0 });
  for (const definition of tx.markets)
    view.markets.set(
      definition.market,
      newMarket({ mintWeight: 1, ...definition }, { epoch: FIRST_EPOCH, epochStartedMs: tx.atMs }, 0n),
    );
  return APPLIED;
}

export function applyDeposit(view: LedgerView, tx: TransactionOf<'deposit'>): Applied | Refused {
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

export function applyTransfer(view: LedgerView, tx: TransactionOf<'transfer'>): Applied | Refused {
  const problem = problemOfDestination(tx.to) ?? tooLittle(view, tx) ?? spend(view, tx, tx.amountMicro);
  if (problem !== undefined) return problem;
  const to = accountOf(view, tx.to);
  view.accounts.set(tx.to, { balanceMicro: to.balanceMicro + tx.amountMicro, nonce: to.nonce });
  return APPLIED;
}

/** Why an account cannot begin with so little: it would cost next to nothing, and stay for ever. */
function tooLittle(
  view: LedgerView,
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

/** Takes `amountMicro` from the sender, or says why not (and takes nothing). The least balance stays. */
export function spend(
  view: LedgerView,
  { from }: Pick<TransactionOf<'transfer'>, 'from'>,
  amountMicro: bigint,
): Refused | undefined {
  const account = accountOf(view, from);
  const { minBalanceMicro } = view.network.get('network')!.rules;
  if (account.balanceMicro < amountMicro + minBalanceMicro)
    return refused(
      'insufficient-funds',
      `The account has ${formatCredits(account.balanceMicro)} credits; ${formatCredits(amountMicro)} are needed${minBalanceMicro === 0n ? '' : `, and ${formatCredits(minBalanceMicro)} stay in every account`}.`,
    );
  view.accounts.set(from, { balanceMicro: account.balanceMicro - amountMicro, nonce: account.nonce });
  return undefined;
}
