import { type AccountId, type Amount, formatCredits, type MarketId } from '@market-of-experts/core';
import { accountOf, type StateView } from '../state/state.ts';
import { type Refused, refused } from '../transaction/outcome.ts';
import type { Transaction } from '../transaction/transaction.ts';

/** Takes `amountMicro` from the sender, or says why not (and takes nothing). The least balance stays. */
export function spend(
  view: StateView,
  { from }: Pick<Transaction, 'from'>,
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

export function credit(view: StateView, to: AccountId, amountMicro: Amount): void {
  if (amountMicro === 0n) return;
  const account = accountOf(view, to);
  view.accounts.set(to, { balanceMicro: account.balanceMicro + amountMicro, nonce: account.nonce });
}

export function addToPool(view: StateView, id: MarketId, amountMicro: Amount): void {
  const market = view.markets.get(id)!;
  view.markets.set(id, { ...market, poolMicro: market.poolMicro + amountMicro });
}

/**
 * Ends money that somebody lost. Paid into any pool, slashed stake of delegators could come back to who had it slashed: by the
 * share of a market's owner, by the emission of a market that he ranks alone, or by closing it.
 */
export function burn(view: StateView, amountMicro: Amount): void {
  if (amountMicro === 0n) return;
  const network = view.network.get('network')!;
  view.network.set('network', {
    ...network,
    supplyMicro: network.supplyMicro - amountMicro,
    burntMicro: network.burntMicro + amountMicro,
  });
}
