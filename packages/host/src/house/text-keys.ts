import { marketIdSchema } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { hashSchema } from '@market-of-experts/core/ids';
import { modelVersionSchema } from '@market-of-experts/protocol';
import { z } from 'zod';
import type { MarketExpert } from './enrol-expert.ts';

const keptSchema = z.strictObject({
  market: marketIdSchema,
  name: z.string().min(1).max(64),
  /** Private: who has it can try texts against the hashes of what was stated. */
  textKey: hashSchema,
  version: modelVersionSchema,
  /** What the model answered to which texts when the version began: int16, base64. */
  probes: z.strictObject({ texts: hashSchema, vectors: z.array(z.string().max(16_384)).max(32) }),
});
const fileSchema = z.strictObject({ versions: z.array(keptSchema).max(4_096) });

export const textKeysFile = 'text-keys.json';

/** The version under which an expert of this house answers in a market. */
export type KeptVersion = Readonly<z.infer<typeof keptSchema>>;

/** The last version of each expert of this data directory in each market, with its text key: mode 0600, unencrypted. */
export interface TextKeys {
  get(expert: MarketExpert): KeptVersion | undefined;
  /** Durable when it returns: what the ledger is told after that can be spoken of after a crash, too. */
  put(kept: KeptVersion): void;
}

/** Throws `file-damaged` and `other-format`: made anew unasked, every expert here would sit unpaid under a new version for two epochs. */
export function openTextKeys(path: string): TextKeys {
  let versions = readTextKeys(path);
  const isOf = (kept: KeptVersion, { market, name }: MarketExpert): boolean =>
    kept.market === market && kept.name === name;
  return {
    get: (expert) => versions.find((kept) => isOf(kept, expert)),
    put(kept) {
      const changed = [...versions.filter((each) => !isOf(each, kept)), kept];
      writeSealedJson(path, { versions: changed });
      versions = changed;
    },
  };
}

/** Throws `file-damaged` and `other-format`. */
export function readTextKeys(path: string): readonly KeptVersion[] {
  return readSealedJson(path, fileSchema)?.versions ?? [];
}
