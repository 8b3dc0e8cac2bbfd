/** What becomes of an honest answer that comes after the quorum: everything in order but the time. */
import type { NodeId } from '@market-of-experts/core';
import { defaultParameters } from '@market-of-experts/protocol';
import type { FixedMarket } from '@market-of-experts/testing/fixed-market';
import { virtualClock } from '@market-of-experts/testing/virtual-clock';
import { type StragglerOutcome, stragglerMarket } from './straggler.ts';

export interface AfterCutRow extends StragglerOutcome {
  /** How long after the quorum's seals the straggler's is made. */
  readonly afterQuorumMs: number;
  readonly distances: (typeof distances)[number];
}

const distances = ['all 10 ms', 'one process', 'witnesses far from the coordinator'] as const;

/** The cut is made {@link defaultParameters.cutGraceMs} after the quorum. */
export async function afterCutRows(): Promise<AfterCutRow[]> {
  const rows: AfterCutRow[] = [];
  for (const apart of distances)
    for (const afterCutMs of [-50, 5, 15, 900, 2_000]) {
      const afterQuorumMs = defaultParameters.cutGraceMs + afterCutMs;
      const straggler = stragglerMarket(virtualClock(), (isStraggler, isFirstList) =>
        isStraggler && isFirstList ? afterQuorumMs : 0,
      );
      setDistances(straggler.market, apart);
      rows.push({ afterQuorumMs, distances: apart, ...(await straggler.run()) });
    }
  return rows;
}

function setDistances(
  { network, coordinator, validators }: FixedMarket,
  apart: AfterCutRow['distances'],
): void {
  const witnesses = new Set<NodeId>(validators.map(({ node }) => node));
  const isFar = (one: NodeId, other: NodeId): boolean => one === coordinator.node && witnesses.has(other);
  if (apart === 'all 10 ms') network.inject.latency(10);
  if (apart === 'witnesses far from the coordinator')
    network.inject.latency((from, to) => (isFar(from, to) || isFar(to, from) ? 10 : 1));
}
