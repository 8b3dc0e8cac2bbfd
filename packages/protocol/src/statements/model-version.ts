import { type Hash, hashOf, hashSchema } from '@market-of-experts/core';
import { z } from 'zod';
import { runtimeSchema } from './runtime.ts';

/** Longest vector of an expert, in numbers. */
export const maximumDimensions = 4_096;

/**
 * What an expert says of the function that it is, until it says otherwise. A statement names the version in force by its hash, and
 * two statements can contradict one another only under one version: who changes anything in it, and does it openly, contradicts
 * nobody.
 */
const modelVersionSchema = z.strictObject({
  /** Hash of what the operator keeps stable: weights, tokenizer, settings. Nobody but the operator can check it. */
  model: hashSchema,
  runtime: runtimeSchema,
  dimensions: z.int().min(1).max(maximumDimensions),
  /** How much of a text it reads, in windows of the market's base encoder; what is beyond is cut off. */
  windows: z.int().min(1).max(64),
  /** Commitment to the key of its text hashes: {@link textKeyCommitment}. Fresh for every version, so no two are the same. */
  textKey: hashSchema,
});
export type ModelVersion = Readonly<z.infer<typeof modelVersionSchema>>;

/** Under what hash statements name the version. */
export function modelVersionHash(version: ModelVersion): Hash {
  return hashOf('moe/model-version/1', version);
}

/** What stands in the ledger of a text key: everybody to whom the expert tells the key can check that it is the one. */
export function textKeyCommitment(key: Hash): Hash {
  return hashOf('moe/text-key/1', key);
}

/**
 * What a statement calls a text: the same for everybody who asks this version, so that answers to one text meet, and nothing to
 * who does not hold the key. The expert tells its key (32 random bytes) to those that it answers; published evidence shows hashes
 * under it and never the key.
 */
export function textHashOf(key: Hash, text: string): Hash {
  return hashOf('moe/statement-text/1', [key, text]);
}
