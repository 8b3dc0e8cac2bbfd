import { type Hash, hashOf } from '@market-of-experts/core';
import type { ModelVersion } from './model-version.ts';

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
