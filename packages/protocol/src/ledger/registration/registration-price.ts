import { type Amount, BPS, formatCredits } from '@market-of-experts/core';
import { cheapestToLose } from '../../ranking/pruning.ts';
import { leave } from '../staking/stake-release.ts';
import type { Market } from '../state/records.ts';
import type { StateView } from '../state/state.ts';
import { type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { servingExperts } from './market-experts.ts';

/** What was quoted is what is charged, or nothing happens. */
export function priceChanged(market: Market, tx: TransactionOf<'registerExpert'>): Refused | undefined {
  if (tx.depositMicro !== market.registrationMicro)
    return refused(
      'price-changed',
      `A registration in "${market.market}" costs ${formatCredits(market.registrationMicro)} credits now, not ${formatCredits(tx.depositMicro)}. Nothing was charged; ask for the price again.`,
    );
  return undefined;
}

/**
 * Makes room in a full market: the expert with the lowest income leaves. Income is what it earned, in fees and emission, in the
 * running epoch and in the last whole one. Where a market has more experts than its new terms allow, one goes for each that
 * comes. It loses no more than the one that comes pays for the place, and nothing while it is immune: a price that was lowered takes
 * nothing that was paid under a higher one.
 *
 * An owner's own nodes have no privilege. Upstream they are immortal, so that an owner cannot lose the validators of his
 * subnet; here validators belong to the network and are not pruned, and an owner who could keep a place for nothing, or who
 * could end the immunity of others by new terms, would rule over who competes. Immunity is fixed when an expert registers.
 */
export function makeRoom(view: StateView, market: Market, priceMicro: Amount): void {
  if (market.expertCount < market.terms.maximumExperts) return;
  const { epoch } = view.network.get('network')!;
  const experts = servingExperts(view, market.market);
  const index = cheapestToLose(
    experts.map((expert) => ({
      emission: expert.incomeMicro + expert.lastIncomeMicro,
      registeredAt: expert.registeredEpoch,
      isImmune: epoch < expert.immuneUntilEpoch,
    })),
  );
  const { node, immuneUntilEpoch } = experts[index!]!;
  leave(view, { role: 'expert', market: market.market, node }, epoch < immuneUntilEpoch ? 0n : priceMicro);
}

/** The price after a registration; rounded up, so that a low one rises, too. */
export function risenPrice({ registrationMicro, terms }: Market): Amount {
  const { floorMicro, capMicro, riseBps } = terms.registration;
  return clamp((registrationMicro * (BPS + BigInt(riseBps)) + BPS - 1n) / BPS, floorMicro, capMicro);
}

/** The price after an epoch: what it is above its floor decays. */
export function decayedPrice({ registrationMicro, terms }: Market): Amount {
  const { floorMicro, capMicro, decayBps } = terms.registration;
  const above = registrationMicro - floorMicro;
  return clamp(floorMicro + (above * (BPS - BigInt(decayBps))) / BPS, floorMicro, capMicro);
}

function clamp(value: Amount, low: Amount, high: Amount): Amount {
  return value < low ? low : value > high ? high : value;
}
