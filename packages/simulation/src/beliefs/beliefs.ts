import type { Estimate } from '@market-of-experts/history';
import type { Point } from '../space/sphere.ts';

/** Where and when a datum came, for those who look up what is known about the like. */
export interface Occasion {
  /** Counts the market's jobs. */
  readonly job: number;
  readonly atMs: number;
  readonly point: Point;
  readonly place: number;
}

/** What a certificate says of one worker. */
export interface CertifiedOutcome {
  readonly expert: number;
  /** Expert in whose place it worked, or itself. */
  readonly principal: number;
  /** Own loss, and what it was above the mean of the others', in units of `1 / lossUnitsPerDatum`. */
  readonly lossUnits: number;
  readonly excessUnits: number;
  readonly won: boolean;
}

/** What everybody may know of the experts' records: it comes from certificates, which are public. */
export interface PublicBeliefs {
  /** Excess losses of experts on a datum like this, in their order. */
  excessOf(occasion: Occasion, experts: readonly number[]): readonly Estimate[];
  /** Best known experts of the place, best first: whom a member thinks of calling. Constant between settlements. */
  bestAt(place: number): readonly number[];
  /** A job was certified. */
  observe(occasion: Occasion, outcomes: readonly CertifiedOutcome[]): void;
  /** A batch was settled. `job` counts the jobs before it. */
  settled(job: number): void;
}
