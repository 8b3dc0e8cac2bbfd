import { quantise, type ScoredMember } from '@market-of-experts/protocol';
import type { Encoder } from './encoders.ts';
import type { EvaluationJob, EvaluationSet } from './evaluation-set.ts';

/** int16 vectors of an encoder's texts: what it commits to and publishes. */
export type QuantisedEncoder = readonly Int16Array[];

export function quantiseEncoder({ vectors }: Encoder): QuantisedEncoder {
  return vectors.map(quantise);
}

export function memberOf(
  set: EvaluationSet,
  encoder: QuantisedEncoder,
  job: EvaluationJob,
  isJudge: boolean,
): ScoredMember {
  return {
    kept: encoder[job.kept]!,
    pieces: job.pieces.map((text) => encoder[text]!),
    full: encoder[job.full]!,
    calibration: (index) => encoder[set.calibration[index]!.text]!,
    isJudge,
  };
}
