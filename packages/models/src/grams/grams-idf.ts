import { z } from 'zod';
import { readWeightFile, tensorOf, writeWeightFile } from '../weight-file.ts';
import { countGrams } from './character-grams.ts';

const kind = 'grams-idf';
const bucketBits = 17;
const buckets = 1 << bucketBits;
const metadataSchema = z.object({ step: z.number().positive(), texts: z.int().min(1) });

/** How much each gram says: `step · levels[bucket]` is the inverse document frequency of the grams in that bucket. */
export interface GramsIdf {
  /** One a bucket, 1 to 127; 127 for grams in none of the texts. */
  readonly levels: Int8Array;
  readonly step: number;
  /** Number of texts that it was counted on. */
  readonly texts: number;
}

/** The bucket of a gram's hash. */
export function bucketOf(gram: number): number {
  return gram >>> (32 - bucketBits);
}

/** Counts in how many of the texts each bucket has a gram: `idf = ln((texts + 1) / (count + ½))`, in 127 levels. */
export function fitGramsIdf(texts: readonly string[]): GramsIdf {
  const counts = new Uint32Array(buckets);
  for (const text of texts)
    for (const bucket of new Set([...countGrams(text).keys()].map(bucketOf)))
      counts[bucket] = counts[bucket]! + 1;
  const idf = (count: number): number => Math.log((texts.length + 1) / (count + 0.5));
  const step = idf(0) / 127;
  const levels = Int8Array.from(counts, (count) => Math.max(1, Math.round(idf(count) / step)));
  return { levels, step, texts: texts.length };
}

export function writeGramsIdf(path: string, { levels, step, texts }: GramsIdf): void {
  writeWeightFile(path, { kind, metadata: { step, texts }, tensors: { levels } });
}

/** Throws `weights-missing` or `weights-corrupt`. */
export function readGramsIdf(path: string): GramsIdf {
  const file = readWeightFile(path, kind, metadataSchema);
  return { ...file.metadata, levels: tensorOf(file, 'levels', 'int8', buckets) };
}
