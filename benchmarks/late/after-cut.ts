/** What becomes of an honest answer that comes after the quorum: everything in order but the time. */
import type { NodeId } from '@moe/core';
import { type FixedMarket, fixedMarket } from '@moe/node';
import { defaultParameters, type MarketParameters } from '@moe/protocol';
import { virtualClock } from '../../packages/node/src/fixed-market/virtual-clock.ts';
import { slashBpsOf, studyEncode, studyParameters, studyText } from './study-market.ts';

export interface AfterCutRow {
  /** How long after the quorum's commits the straggler's comes, were it not cancelled. */
  readonly afterQuorumMs: number;
  /** Whether its model stops when the coordinator cancels the request, as the ones that ship do. */
  readonly stopsWhenCancelled: boolean;
  readonly distances: (typeof distances)[number];
  readonly outcome: string;
  /** Of its stake. */
  readonly slashBps: number;
  /** Witnesses whose signed record misses the straggler. */
  readonly recordsWithout: number;
}

const seats = 5;
const distances = ['all 10 ms', 'one process', 'witnesses far from the coordinator'] as const;

/** The cut is made {@link defaultParameters.cutGraceMs} after the quorum. */
export async function afterCutRows(): Promise<AfterCutRow[]> {
  const rows: AfterCutRow[] = [];
  for (const apart of distances)
    for (const stopsWhenCancelled of [true, false])
      for (const afterQuorumMs of [200, 255, 265, 1_250])
        rows.push(await observe(afterQuorumMs, stopsWhenCancelled, apart));
  return rows;
}

async function observe(
  afterQuorumMs: number,
  stopsWhenCancelled: boolean,
  apart: AfterCutRow['distances'],
): Promise<AfterCutRow> {
  const parameters: MarketParameters = { ...studyParameters, shardSize: seats };
  const clock = virtualClock();
  const market = fixedMarket({
    parameters,
    experts: seats,
    validators: defaultParameters.witnesses,
    name: 'after-cut',
    ticketDepth: 6,
    clock,
    encode: (index) => studyEncode(parameters.dimensions, index),
    backend: (index, encode) => ({
      name: `expert-${index}`,
      dimensions: parameters.dimensions,
      embed: async (texts, options) => {
        const isStraggling = index === seats - 1 && texts.length === 1;
        const signal = stopsWhenCancelled ? options?.signal : undefined;
        if (isStraggling) await clock.sleep(afterQuorumMs, signal);
        return texts.map(encode);
      },
      close: async () => undefined,
    }),
  });
  setDistances(market, apart);
  const { certificate, transcript } = await market.runJob({ text: studyText });
  const straggler = market.experts[seats - 1]!.node;
  const member = certificate.body.members.find(({ principal }) => principal === straggler)!;
  await market.close();
  return {
    afterQuorumMs,
    stopsWhenCancelled,
    distances: apart,
    outcome: member.outcome,
    slashBps: slashBpsOf(market, member),
    recordsWithout: transcript.arrivals.filter(({ body }) => !body.principals.includes(straggler)).length,
  };
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
