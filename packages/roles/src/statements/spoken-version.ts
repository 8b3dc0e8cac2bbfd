import type { Hash } from '@market-of-experts/core';
import { type ModelVersion, modelVersionHash, textKeyCommitment } from '@market-of-experts/protocol';

/** The version under which an expert answers, with the key of its text hashes, which it tells to whom it answers and nobody else. */
export interface SpokenVersion {
  readonly version: ModelVersion;
  /** By which statements name it. */
  readonly hash: Hash;
  readonly textKey: Hash;
}

export function spokenVersion(model: Omit<ModelVersion, 'textKey'>, textKey: Hash): SpokenVersion {
  const version = { ...model, textKey: textKeyCommitment(textKey) };
  return { version, hash: modelVersionHash(version), textKey };
}
