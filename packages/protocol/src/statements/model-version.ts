import { hashSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { runtimeSchema } from './runtime.ts';

/** Longest vector of an expert, in numbers. */
export const maximumDimensions = 4_096;

/**
 * What an expert says of the function that it is, until it says otherwise. A statement names the version in force by its hash, and
 * two statements can contradict one another only under one version: who changes anything in it, and does it openly, contradicts
 * nobody.
 */
export const modelVersionSchema = z.strictObject({
  /** Hash of what the operator keeps stable: weights, tokenizer, settings. Nobody but the operator can check it. */
  model: hashSchema,
  runtime: runtimeSchema,
  dimensions: z.int().min(1).max(maximumDimensions),
  /** How much of a text it reads, in windows of the market's base encoder; what is beyond is cut off. */
  windows: z.int().min(1).max(64),
  /** Commitment to the key of its text hashes: `textKeyCommitment`. Fresh for every version, so no two are the same. */
  textKey: hashSchema,
});
export type ModelVersion = Readonly<z.infer<typeof modelVersionSchema>>;
