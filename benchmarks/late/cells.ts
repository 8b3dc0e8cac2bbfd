import { defaultParameters, type MarketParameters } from '@market-of-experts/protocol';
import type { NetworkConditions } from './conditions.ts';
import type { CellInit } from './late-market.ts';

/** One set of circumstances; plain data, so that a thread can be told. */
export interface Cell {
  readonly name: string;
  readonly init: Omit<CellInit, 'jobs' | 'seed' | 'onJob'>;
  /** Rows that a cell makes: of everybody, or of the chosen expert and the others. */
  readonly whom: readonly ('all' | 'chosen' | 'others')[];
}

export const quorumsBps = [6_000, 8_000, 10_000] as const;
const shardSizes = [3, 5, 9] as const;
export const gracesMs = [0, 250, 500, 1_000] as const;
const networkNames: readonly NetworkConditions['name'][] = ['lan', 'continent', 'world'];

/** Commits that close the cut; the whole shard means that there is no grace, only the deadline. */
export function neededCommits(shardSize: number, quorumBps: number): number {
  return Math.ceil((shardSize * quorumBps) / 10_000);
}

/** Honest experts and a honest coordinator: every quorum, size, grace and network. */
export function sweep(): Cell[] {
  return networkNames.flatMap((network) =>
    shardSizes.flatMap((shardSize) =>
      quorumsBps.flatMap((quorumBps) =>
        gracesMs.map((cutGraceMs): Cell => {
          const needed = neededCommits(shardSize, quorumBps);
          return {
            // The same name is the same market: it is run once.
            name: `${network}, ${needed} of ${shardSize}${needed === shardSize ? '' : `, ${cutGraceMs} ms`}`,
            init: { network, parameters: { shardSize, quorumBps, cutGraceMs } },
            whom: ['all'],
          };
        }),
      ),
    ),
  );
}

/** How the market was first designed: the grace, the time to reveal, and a coordinator that asks once. */
const firstDesign: Partial<MarketParameters> = { cutGraceMs: 250, revealDeadlineMs: 2_000 };

/** At the defaults unless the name says otherwise: what each change has brought, and what goes wrong elsewhere. */
export function circumstances(): Cell[] {
  return networkNames.flatMap((network): Cell[] => {
    const cell = (name: string, init: Partial<CellInit>, whom: Cell['whom'] = ['all']): Cell => ({
      name: `${network}: ${name}`,
      init: { network, ...init },
      whom,
    });
    const both = ['chosen', 'others'] as const;
    const changes = [
      cell('as first designed', { conduct: 'asking-once', parameters: firstDesign }),
      cell('asked once', { conduct: 'asking-once' }),
      cell('messages in order', { isInOrder: true }),
    ];
    if (network === 'lan') return changes;
    return [
      ...changes,
      cell('no message ever lost', { spikeRate: 0 }),
      cell('one message in twenty lost', { spikeRate: 0.05 }),
      cell('one witness cut off', { isWitnessCut: true }),
      cell('one expert ten times as slow', { slowness: 10 }, both),
      cell('one expert thirty times as slow', { slowness: 30 }, both),
      cell('a coordinator deaf to one expert', { conduct: 'deaf' }, both),
      cell('a coordinator that never asks one expert', { conduct: 'silent' }, both),
      cell('a coordinator that has records signed early', { conduct: 'hasty' }, both),
      cell('one connection reset at the start of a job', { conduct: 'reset' }, both),
    ];
  });
}

export const defaults = {
  shardSize: defaultParameters.shardSize,
  quorumBps: defaultParameters.quorumBps,
  cutGraceMs: defaultParameters.cutGraceMs,
};
