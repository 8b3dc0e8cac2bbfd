import { type Hash, hashOf, type Random, toHex } from '@market-of-experts/core';
import {
  differ,
  type MarketParameters,
  type ModelVersion,
  modelVersionHash,
  type Task,
  toleranceMillionths,
} from '@market-of-experts/protocol';
import { type SpokenVersion, spokenVersion } from '@market-of-experts/roles/statements/spoken-version';
import type { TaskSkill } from '@market-of-experts/roles/tasks/task-skill';
import type { MarketExpert } from './enrol-expert.ts';
import type { KeptVersion, TextKeys } from './text-keys.ts';

/** Short texts of several scripts and forms: a tokenizer, a normalisation or a runtime that changed shows in one of them. */
const probeTexts = [
  'The ferry was late again, so we walked along the harbour.',
  'Der Zug hält nicht in Halle; Ärger über Öffnungszeiten.',
  'for (let i = 0; i < rows.length; i++) sum += rows[i].price ?? 0;',
  '東京の駅で三時間待ちました。',
  'Поезд прибывает на третий путь в 14:05.',
  'القطار يتأخر عشر دقائق',
  'E = mc², x₁ ≤ 3.5 µm, 12 % of $1,240.00',
  'naïve café déjà vu 👩‍🚀 ﬁne',
];
const probesHash = hashOf('moe/version-probes/1', probeTexts);

/** What an expert states of them now. Rejects with what its model rejects with. */
export async function probeVectors(
  skill: TaskSkill,
  { statedVector }: Pick<Task<MarketParameters>, 'statedVector'>,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const answers = await skill.answerAll(probeTexts, signal);
  // Bytes that are no answer are as good as none: nobody would take them.
  return answers.map((answer) => statedVector(answer) ?? new Uint8Array());
}

export interface VersionSpeaker extends MarketExpert {
  readonly model: Omit<ModelVersion, 'textKey'>;
  /** What it answers to the texts by which drift is seen. */
  readonly probes: readonly Uint8Array[];
  /** Versions that the ledger has of it, the one in force last. */
  readonly announced: readonly { readonly version: ModelVersion }[];
}

/**
 * Under which version an expert answers from now on: the one before, if it is the same model and still answers as it did, or a new one
 * with a fresh text key, kept before anybody is told of it. So a library that was updated between two starts contradicts nothing.
 */
export function versionToSpeak(
  { market, name, model, probes, announced }: VersionSpeaker,
  {
    keys,
    random,
    onWarning,
  }: { readonly keys: TextKeys; readonly random: Random; readonly onWarning: (message: string) => void },
): SpokenVersion {
  const kept = keys.get({ market, name });
  if (kept !== undefined && isModel(kept.version, model) && mayGoOn(kept.version, announced)) {
    if (!hasDrifted(kept, probes))
      return { version: kept.version, hash: modelVersionHash(kept.version), textKey: kept.textKey };
    onWarning(
      `${name} answers otherwise than before this start, though its model is the same: it goes on under a new version in "${market}".`,
    );
  }
  const spoken = spokenVersion(model, toHex(random.bytes(32)) as Hash);
  keys.put({
    market,
    name,
    textKey: spoken.textKey,
    version: spoken.version,
    probes: { texts: probesHash, vectors: probes.map((bytes) => Buffer.from(bytes).toString('base64')) },
  });
  return spoken;
}

function isModel({ textKey: _, ...version }: ModelVersion, model: Omit<ModelVersion, 'textKey'>): boolean {
  return hashOf('moe/model-of-version/1', version) === hashOf('moe/model-of-version/1', model);
}

/** The ledger has it in force, or has not heard of it yet; one that was followed by another does not come back. */
function mayGoOn(version: ModelVersion, announced: VersionSpeaker['announced']): boolean {
  const hashes = announced.map((each) => modelVersionHash(each.version));
  const place = hashes.lastIndexOf(modelVersionHash(version));
  return place < 0 || place === hashes.length - 1;
}

/** A tenth of what would contradict it: it changes its version before anybody can hold an answer against it. */
function hasDrifted(
  { version, probes: { texts, vectors } }: KeptVersion,
  now: readonly Uint8Array[],
): boolean {
  if (texts !== probesHash) return false;
  const allowed = Math.floor(toleranceMillionths(version.runtime) / 10);
  return now.some((bytes, index) => {
    const before = vectors[index];
    return before === undefined || differ(Buffer.from(before, 'base64'), bytes, allowed);
  });
}
