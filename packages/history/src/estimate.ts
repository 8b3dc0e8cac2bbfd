/** A quantity that is not known exactly. */
export interface Estimate {
  readonly mean: number;
  /** Standard deviation of what is believed of the *mean*: it shrinks with evidence. Not the spread of single jobs. */
  readonly sd: number;
}

/** What jobs have of a quantity together. */
export interface Sums {
  readonly jobs: number;
  readonly sum: number;
  readonly squares: number;
}

/** Jobs that a prior variance of one job counts as. */
export const noiseJobs = 8;

/** A belief with the variance of one job, which further evidence is weighed by. */
export interface NoisyEstimate extends Estimate {
  readonly variance: number;
}

/** Sum of values, each counted by its weight. */
export class WeightedSum {
  weight = 0;
  sum = 0;

  add(value: number, weight: number): void {
    this.weight += weight;
    this.sum += weight * value;
  }
}

/** From jobs anywhere; the prior mean counts as `shrinkage` jobs. */
export function globalEstimate(
  priorMean: number,
  { jobs, sum }: Omit<Sums, 'squares'>,
  shrinkage: number,
  variance: number,
): NoisyEstimate {
  return {
    mean: (shrinkage * priorMean + sum) / (shrinkage + jobs),
    sd: Math.sqrt(variance / (shrinkage + jobs)),
    variance,
  };
}

/** From the jobs nearby; what holds everywhere counts as `shrinkage` jobs. */
export function shrunk({ sum, weight }: WeightedSum, everywhere: NoisyEstimate, shrinkage: number): Estimate {
  const share = shrinkage / (shrinkage + weight);
  return {
    mean: share * everywhere.mean + sum / (shrinkage + weight),
    sd: Math.sqrt(everywhere.variance / (shrinkage + weight) + (share * everywhere.sd) ** 2),
  };
}

/** Without the variance of one job. */
export const pick = ({ mean, sd }: Estimate): Estimate => ({ mean, sd });

/** Variance of one job, of which a prior value counts as eight jobs. */
export function varianceOf(sums: Sums, priorVariance: number): number {
  const free = Math.max(0, sums.jobs - 1);
  return (noiseJobs * priorVariance + squaredDeviations(sums)) / (noiseJobs + free);
}

/** From the mean. */
export function squaredDeviations({ jobs, sum, squares }: Sums): number {
  return jobs < 2 ? 0 : Math.max(0, squares - sum ** 2 / jobs);
}
