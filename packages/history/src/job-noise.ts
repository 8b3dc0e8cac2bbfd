import { noiseJobs, squaredDeviations } from './estimate.ts';
import type { History } from './history.ts';
import { excessSteps } from './records/record.ts';

/** That of a typical job, where nothing is known. */
export const typicalNoiseSd = 0.2;

/** Standard deviation of one job around the worker's mean, over all workers that have a record. */
export interface JobNoise {
  readonly loss: number;
  /** The one that decides who wins: what is hard for all is taken out. */
  readonly excess: number;
}

/** Pooled over workers; a typical value counts as eight jobs, so that a new market has one too. */
export function jobNoise(history: History): JobNoise {
  const excessUnit = history.unitsPerJob * excessSteps;
  let jobs = noiseJobs;
  let loss = noiseJobs * typicalNoiseSd ** 2;
  let excess = loss;
  for (const worker of history.workers()) {
    const tally = history.tallyOf(worker);
    const { jobs: its } = tally;
    jobs += its - 1;
    loss +=
      squaredDeviations({ jobs: its, sum: tally.lossUnits, squares: tally.lossUnitsSquared }) /
      history.unitsPerJob ** 2;
    excess +=
      squaredDeviations({ jobs: its, sum: tally.excessSteps, squares: tally.excessStepsSquared }) /
      excessUnit ** 2;
  }
  return { loss: Math.sqrt(loss / jobs), excess: Math.sqrt(excess / jobs) };
}
