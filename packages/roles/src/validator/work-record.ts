import type { NodeId } from '@market-of-experts/core';
import type { CertificateBody } from '@market-of-experts/protocol';

/** What a validator has measured of one expert, a datum of a job for one; older ones count less. */
export interface WorkTally {
  readonly jobs: number;
  /** Sum of losses, 0 perfect, 0.5 chance. */
  readonly loss: number;
  /** Parts of wins: a win through a friend is shared as its fee is. */
  readonly wins: number;
}

/** A validator's own measured record of a market: made of what it recomputed itself, never of what others say. */
export interface WorkRecord {
  /** Takes in some of the data of a job. */
  observe(body: CertificateBody, data: readonly number[]): void;
  /** Older jobs count less: to be called when an epoch begins. */
  age(): void;
  tallies(): ReadonlyMap<NodeId, WorkTally>;
}

/** What is left of a job's weight after an epoch: half of it after ten. */
const keptPerEpoch = 0.933;
/** Less than this is forgotten. */
const leastJobs = 0.05;

export function workRecord(start: ReadonlyMap<NodeId, WorkTally> = new Map()): WorkRecord {
  const tallies = new Map(start);
  const add = (node: NodeId, more: Partial<WorkTally>): void => {
    const { jobs, loss, wins } = tallies.get(node) ?? { jobs: 0, loss: 0, wins: 0 };
    tallies.set(node, {
      jobs: jobs + (more.jobs ?? 0),
      loss: loss + (more.loss ?? 0),
      wins: wins + (more.wins ?? 0),
    });
  };
  return {
    observe(body, data) {
      for (const datum of data)
        for (const { principal, worker, workerBps, losses } of body.members) {
          const loss = losses[datum]!;
          if (loss !== null && loss[1] > 0) add(worker, { jobs: 1, loss: loss[0] / loss[1] });
          if (principal !== body.data[datum]!.winner) continue;
          add(worker, { wins: workerBps / 10_000 });
          if (principal !== worker) add(principal, { wins: 1 - workerBps / 10_000 });
        }
    },
    age() {
      for (const [node, { jobs, loss, wins }] of tallies)
        if (jobs < leastJobs && wins < leastJobs) tallies.delete(node);
        else
          tallies.set(node, {
            jobs: jobs * keptPerEpoch,
            loss: loss * keptPerEpoch,
            wins: wins * keptPerEpoch,
          });
    },
    tallies: () => tallies,
  };
}

/** u16 weights, sorted by node, as they are promised and revealed. */
export type NodeWeights = readonly (readonly [NodeId, number])[];

/**
 * Weights of a record: an expert's part of the wins, times how far its mean loss is below chance. Parts of wins add up, so
 * that splitting into several experts gains nothing; who wins only where everybody guesses gains nothing either.
 */
export function weightsOf(tallies: ReadonlyMap<NodeId, WorkTally>): NodeWeights {
  return proportional(
    [...tallies].map(([node, { jobs, loss, wins }]) => {
      const meanLoss = jobs === 0 ? 0.5 : loss / jobs;
      return [node, wins * Math.max(0, 1 - 2 * meanLoss)] as const;
    }),
  );
}

/** The largest becomes 65,535, the others follow in proportion; nothing is left out of a row but zeros. */
function proportional(scores: readonly (readonly [NodeId, number])[]): NodeWeights {
  const largest = Math.max(0, ...scores.map(([, score]) => score));
  if (largest === 0) return [];
  return scores
    .map(([node, score]): readonly [NodeId, number] => [node, Math.round((score / largest) * 65_535)])
    .filter(([, weight]) => weight > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
