import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isMoeError } from '@market-of-experts/core';
import { z } from 'zod';
import { readWeightFile, tensorOf, writeWeightFile } from '../weight-file.ts';

const kind = 'static-embedding';
const vocabularySize = 30_522;
export const staticDimensions = 384;
const entriesPerRun = 256;
/** The vocabulary is ordered by frequency from here on; special and unused entries come before. */
const firstWordId = 999;

/** One vector per vocabulary entry: `scales[id] · table[id]`. */
export interface StaticWeights {
  readonly scales: Float32Array;
  /** Vocabulary × 384. */
  readonly table: Int8Array;
}

/** Vectors of 384 numbers, one after the other, of the vocabulary entries `start` to `start + count - 1`. */
export type VocabularyEncoder = (start: number, count: number) => Promise<Float32Array>;

/**
 * Token vectors distilled from MiniLM-L6 (the recipe of Model2Vec): each vocabulary entry is encoded by
 * itself, the common direction is taken off, and rare entries weigh more (Zipf's law: logarithm of the rank).
 * Made with `encoder` on first use and kept in `modelsDir`.
 */
export async function staticWeights(
  modelsDir: string,
  encoder: () => Promise<VocabularyEncoder>,
): Promise<StaticWeights> {
  const path = join(modelsDir, 'static.bin');
  if (existsSync(path)) {
    try {
      return readStaticWeights(path);
    } catch (error) {
      if (!isMoeError(error, 'weights-corrupt')) throw error;
    }
  }
  const encode = await encoder();
  const vectors = new Float32Array(vocabularySize * staticDimensions);
  for (let start = 0; start < vocabularySize; start += entriesPerRun)
    vectors.set(
      await encode(start, Math.min(entriesPerRun, vocabularySize - start)),
      start * staticDimensions,
    );
  const weights = quantise(vectors);
  writeWeightFile(path, { kind, metadata: {}, tensors: { ...weights } });
  return weights;
}

function readStaticWeights(path: string): StaticWeights {
  const file = readWeightFile(path, kind, z.object({}));
  return {
    scales: tensorOf(file, 'scales', 'float32', vocabularySize),
    table: tensorOf(file, 'table', 'int8', vocabularySize * staticDimensions),
  };
}

function quantise(vectors: Float32Array): StaticWeights {
  const mean = new Float64Array(staticDimensions);
  for (let place = 0; place < vectors.length; place++)
    mean[place % staticDimensions] = mean[place % staticDimensions]! + vectors[place]! / vocabularySize;
  const scales = new Float32Array(vocabularySize);
  const table = new Int8Array(vectors.length);
  const row = new Float64Array(staticDimensions);
  for (let id = 0; id < vocabularySize; id++) {
    const start = id * staticDimensions;
    let largest = 0;
    for (let axis = 0; axis < staticDimensions; axis++) {
      row[axis] = vectors[start + axis]! - mean[axis]!;
      largest = Math.max(largest, Math.abs(row[axis]!));
    }
    const step = largest > 0 ? largest / 127 : 1;
    for (let axis = 0; axis < staticDimensions; axis++) table[start + axis] = Math.round(row[axis]! / step);
    scales[id] = step * Math.log(1 + Math.max(1, id - firstWordId + 1));
  }
  return { scales, table };
}
