import { MAX_AMOUNT, type NodeId, shareBps } from '@market-of-experts/core';
import { credit } from '../accounts/balances.ts';
import { rewardNode } from '../staking/pots.ts';
import type { Market } from '../state/records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import type { StateView } from '../state/state.ts';
import { expertKey } from '../state/state.ts';
import { halved } from './mint.ts';
import { rankMarket } from './rank-market.ts';

/**
 * Ranks a market and pays one epoch's emission out of its pool (docs/concepts/incentives.md): the owner's share first, the rest
 * by incentive and dividends. What rounding leaves stays in the pool. Nothing is paid where nobody ranked: an owner
 * would otherwise be paid for a market without validators.
 */
export function emitMarket(view: StateView, market: Market): void {
  const { epoch } = view.network.get('network')!;
  const { perEpochMicro, halvingEpochs, ownerShareBps } = market.terms.emission;
  const dueMicro = halved(perEpochMicro, epoch - market.createdEpoch, halvingEpochs);
  const emissionMicro = dueMicro < market.poolMicro ? dueMicro : market.poolMicro;
  const ownerMicro = shareBps(emissionMicro, ownerShareBps);
  const ranking = rankMarket(view, market, emissionMicro - ownerMicro);
  const isRanked = [...ranking.experts, ...ranking.validators].some((row) => row.emissionMicro > 0n);
  let paidMicro = isRanked ? ownerMicro : 0n;
  const pay = (node: NodeId, role: 'expert' | 'validator', amountMicro: bigint): void => {
    if (amountMicro === 0n) return;
    paidMicro += amountMicro;
    if (role === 'validator') return rewardNode(view, { role, node }, amountMicro);
    earn(view, market, node, amountMicro);
  };
  for (const { node, emissionMicro: amountMicro } of ranking.experts) pay(node, 'expert', amountMicro);
  for (const { node, emissionMicro: amountMicro } of ranking.validators) pay(node, 'validator', amountMicro);
  if (isRanked) credit(view, market.owner, ownerMicro);
  const after = view.markets.get(market.market)!;
  view.markets.set(market.market, { ...after, poolMicro: after.poolMicro - paidMicro });
  view.rankings.set(market.market, {
    market: market.market,
    epoch,
    emittedMicro: paidMicro,
    ownerMicro: isRanked ? ownerMicro : 0n,
    ...ranking,
  });
}

/** Pays an expert, and counts it as income: the lowest makes room in a full market. */
export function earn(
  view: StateView,
  { market }: Pick<Market, 'market'>,
  node: NodeId,
  amountMicro: bigint,
): void {
  rewardNode(view, { role: 'expert', market, node }, amountMicro);
  const key = expertKey(market, node);
  const expert = view.experts.get(key)!;
  const incomeMicro = expert.incomeMicro + amountMicro;
  // The same money can be earned again and again in an epoch: the sum stops where an amount ends.
  view.experts.set(key, { ...expert, incomeMicro: incomeMicro < MAX_AMOUNT ? incomeMicro : MAX_AMOUNT });
}

/** The epoch's incomes become those of the last one. */
export function rollIncomes(view: StateView): void {
  for (const [key, expert] of sortedEntries(view.experts))
    if (expert.incomeMicro > 0n || expert.lastIncomeMicro > 0n)
      view.experts.set(key, { ...expert, incomeMicro: 0n, lastIncomeMicro: expert.incomeMicro });
}
