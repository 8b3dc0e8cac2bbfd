import type { Clock } from '@market-of-experts/core';
import { type History, jobNoise, posterior } from '@market-of-experts/history';
import type { Beliefs } from '../view/beliefs.ts';

/** Records after which the noise of a job is measured anew: it changes slowly. */
const noiseEvery = 256;

/** Beliefs from the nearest certified jobs, newer ones first (docs/concepts/history.md). */
export function historyBeliefs(history: History, clock: Clock): Beliefs {
  let noise = jobNoise(history).excess;
  let measuredAt = history.size;
  return {
    excessOf: ({ point }, experts) =>
      posterior(history, point, experts, { nowMs: clock.nowMs() }).map(({ excess }) => excess),
    jobNoise() {
      if (Math.abs(history.size - measuredAt) >= noiseEvery) {
        noise = jobNoise(history).excess;
        measuredAt = history.size;
      }
      return noise;
    },
  };
}
