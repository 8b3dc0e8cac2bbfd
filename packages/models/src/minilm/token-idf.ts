import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readWeightFile, tensorOf, writeWeightFile } from '../weight-file.ts';

const kind = 'token-idf';
const vocabularySize = 30_522;
const metadataSchema = z.object({ step: z.number().positive(), texts: z.int().min(1) });
/** The shipped table, made by `packages/training/scripts/fit-layers.ts`. */
export const tokenIdfFile = fileURLToPath(new URL('../../data/minilm-token-idf.bin', import.meta.url));

/**
 * Inverse document frequency of each vocabulary entry, `ln((texts + 1) / (count + ½))`, rounded to 127 levels of at least 1.
 * `texts` are token ids, the special ones at both ends included.
 */
export function fitTokenIdf(path: string, texts: readonly (readonly number[])[]): void {
  const counts = new Uint32Array(vocabularySize);
  for (const ids of texts) for (const id of new Set(ids)) counts[id] = counts[id]! + 1;
  const idf = (count: number): number => Math.log((texts.length + 1) / (count + 0.5));
  const step = idf(0) / 127;
  const levels = Int8Array.from(counts, (count) => Math.max(1, Math.round(idf(count) / step)));
  writeWeightFile(path, { kind, metadata: { step, texts: texts.length }, tensors: { levels } });
}

/** One positive number a vocabulary entry. Throws `weights-missing` or `weights-corrupt`. */
export function readTokenIdf(): Float32Array {
  const file = readWeightFile(tokenIdfFile, kind, metadataSchema);
  return Float32Array.from(
    tensorOf(file, 'levels', 'int8', vocabularySize),
    (level) => level * file.metadata.step,
  );
}
