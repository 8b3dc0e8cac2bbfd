import type { NodeId } from '@market-of-experts/core';
import type { Estimate } from '@market-of-experts/history';
import {
  type DatumPoint,
  placeExcess,
  type StandingParameters,
  type Standings,
  toNumber,
} from '@market-of-experts/protocol';

/** What is believed of experts for one datum, known by where it lies. */
export interface Beliefs {
  /** Excess losses on data like this, one for each expert asked about. */
  excessOf(datum: DatumPoint, experts: readonly NodeId[]): readonly Estimate[];
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
    excessOf({ place }, experts) {
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
