import type { Estimate } from '@moe/node/policy';

/** What everybody may know of an expert's record: it comes from certificates, which are public. */
export interface Beliefs {
  /** Excess loss of an expert on data like these. */
  excessOf(expert: number, place: number): Estimate;
  /** Best known experts of the place, best first. Kept for as long as no batch has been settled since. */
  bestAt(place: number): readonly number[];
  /** One certified excess of an expert. `job` counts the market's jobs: older records count less. */
  observe(expert: number, place: number, excess: number, job: number): void;
  /** A batch was settled at this job. */
  settled(job: number): void;
}
