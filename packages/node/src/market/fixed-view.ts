import type { NodeId } from '@moe/core';
import {
  nearestPlace,
  type PlaceCentroids,
  type Prepaid,
  type Roster,
  rosterHash,
  Standings,
} from '@moe/protocol';
import type { MarketView } from './market-view.ts';

/** A market whose roster never changes: for simulations, benchmarks and tests of the roles alone. */
export function fixedMarketView(
  roster: Roster,
  places: PlaceCentroids,
  calibration: (node: NodeId, index: number) => Int16Array,
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
    calibration,
    placeOf: (sum) => nearestPlace(places, sum),
    nextBatch,
  };
}
