import {
  type MarketParameters,
  type Prepaid,
  type Roster,
  rosterHash,
  Standings,
  type Task,
} from '@market-of-experts/protocol';
import type { MarketView } from './market-view.ts';

const stakeOf = (validators: Roster['validators']): bigint =>
  validators.reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);

/** A market whose roster never changes: for simulations, benchmarks and tests of the roles alone. */
export function fixedMarketView(
  roster: Roster,
  task: Task<MarketParameters>,
  standings: Standings = Standings.empty,
  prepaid: () => Prepaid | undefined = () => undefined,
  nextBatch: () => number = () => 0,
): MarketView {
  const hash = rosterHash(roster);
  return {
    current: () => ({ roster, hash }),
    rosterOf: (wanted) => (wanted === hash ? roster : undefined),
    standingsAt: () => standings,
    prepaid,
    validators: () => roster.validators.map(({ node }) => node),
    isQuorum: (signers) => {
      const signed = roster.validators.filter(({ node }) => signers.includes(node));
      return signed.length > 0 && 3n * stakeOf(signed) >= 2n * stakeOf(roster.validators);
    },
    task,
    edition: () => undefined,
    payShares: () => undefined,
    leastPriceMillionths: () => 1_000_000,
    nextBatch,
  };
}
