import type { NodeId } from '@market-of-experts/core';
import type { Estimate } from '@market-of-experts/history';
import { placeExcess, type StandingParameters, type Standings, toNumber } from '@market-of-experts/protocol';

/** What is believed of experts for one datum, known by a vector of its kept half. */
export interface Beliefs {
  /** Excess losses on data like this, one for each expert asked about. */
  excessOf(vector: Int16Array, place: number, experts: readonly NodeId[]): readonly Estimate[];
  /** Standard deviation of one job's loss around its expert's mean. */
  jobNoise(): number;
}

/** Before there are records to measure it: what one job's loss scatters by (docs/concepts/loss.md). */
const usualJobNoise = 0.15;

/** The certified table of places alone: what an expert believes that keeps no history of its own. */
export function standingsBeliefs(
  standings: Standings,
  parameters: Omit<StandingParameters, 'historyWeight'>,
): Beliefs {
  return {
    jobNoise: () => usualJobNoise,
    excessOf(_, place, experts) {
      return experts.map((expert) => {
        const standing = standings.of(expert, place);
        const jobs = standing.global.jobs / 4 + standing.place.jobs + parameters.globalShrinkage;
        return {
          mean: toNumber(placeExcess(standing, parameters)),
          sd: usualJobNoise / Math.sqrt(jobs),
        };
      });
    },
  };
}
