import type { Estimate } from '@market-of-experts/history';
import type { CertifiedOutcome, Occasion, PublicBeliefs } from './beliefs.ts';

export interface PlaceBeliefsInit {
  readonly experts: number;
  readonly places: number;
  /** Length of {@link Beliefs.bestAt}. */
  readonly friends: number;
  readonly halfLifeJobs: number;
  /** Standard deviation of one job's excess around its mean. */
  readonly jobNoise: number;
  /** Units of a whole loss. */
  readonly unitsPerJob: number;
}

/** How different experts are from one another, and an expert's places from its mean: priors, in loss. */
const expertSd = 0.1;
const placeSd = 0.1;

/**
 * Normal posterior of an expert's excess at a place, shrunk to its posterior over all places, which is shrunk to 0;
 * older records fade exponentially. The tallies that the certified table of places has, with a standard deviation.
 */
export class PlaceBeliefs implements PublicBeliefs {
  readonly #init: PlaceBeliefsInit;
  readonly #count: Float64Array;
  readonly #sum: Float64Array;
  readonly #globalCount: Float64Array;
  readonly #globalSum: Float64Array;
  readonly #best = new Map<number, readonly number[]>();
  /** Records are weighed by 2^(job / half-life) instead of fading; this is taken out when it grows large. */
  #epochJob = 0;

  constructor(init: PlaceBeliefsInit) {
    this.#init = init;
    this.#count = new Float64Array(init.experts * init.places);
    this.#sum = new Float64Array(init.experts * init.places);
    this.#globalCount = new Float64Array(init.experts);
    this.#globalSum = new Float64Array(init.experts);
  }

  excessOf({ place }: Pick<Occasion, 'place'>, experts: readonly number[]): Estimate[] {
    return experts.map((expert) => this.#excessAt(expert, place));
  }

  #excessAt(expert: number, place: number): Estimate {
    const noise = this.#init.jobNoise ** 2;
    const cell = expert * this.#init.places + place;
    const globalPrecision = 1 / expertSd ** 2 + this.#globalCount[expert]! / (noise + placeSd ** 2);
    const globalMean = this.#globalSum[expert]! / (noise + placeSd ** 2) / globalPrecision;
    const priorVariance = 1 / globalPrecision + placeSd ** 2;
    const precision = 1 / priorVariance + this.#count[cell]! / noise;
    const mean = (globalMean / priorVariance + this.#sum[cell]! / noise) / precision;
    return { mean, sd: 1 / Math.sqrt(precision) };
  }

  bestAt(place: number): readonly number[] {
    const known = this.#best.get(place);
    if (known !== undefined) return known;
    const { experts, friends } = this.#init;
    const means = new Float64Array(experts);
    for (let expert = 0; expert < experts; expert += 1) means[expert] = this.#excessAt(expert, place).mean;
    const best: number[] = [];
    for (let expert = 0; expert < experts; expert += 1) {
      if (best.length === friends && means[expert]! >= means[best[friends - 1]!]!) continue;
      const at = best.findIndex((other) => means[other]! > means[expert]!);
      best.splice(at < 0 ? best.length : at, 0, expert);
      if (best.length > friends) best.pop();
    }
    this.#best.set(place, best);
    return best;
  }

  observe({ place, job }: Pick<Occasion, 'place' | 'job'>, outcomes: readonly CertifiedOutcome[]): void {
    const weight = 2 ** ((job - this.#epochJob) / this.#init.halfLifeJobs);
    for (const { expert, excessUnits } of outcomes) {
      const excess = (weight * excessUnits) / this.#init.unitsPerJob;
      const cell = expert * this.#init.places + place;
      this.#count[cell]! += weight;
      this.#sum[cell]! += excess;
      this.#globalCount[expert]! += weight;
      this.#globalSum[expert]! += excess;
    }
  }

  settled(job: number): void {
    this.#best.clear();
    // Weights were taken relative to the last settlement: what is held now fades by what has passed.
    const fade = 0.5 ** ((job - this.#epochJob) / this.#init.halfLifeJobs);
    this.#epochJob = job;
    for (const values of [this.#count, this.#sum, this.#globalCount, this.#globalSum])
      for (let index = 0; index < values.length; index += 1) values[index]! *= fade;
  }
}
