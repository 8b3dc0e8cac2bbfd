import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isMoeError } from '@moe/core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import { minilmModelFile } from '../minilm/minilm-model-file.ts';
import { readWeightFile, tensorOf, writeWeightFile } from '../weight-file.ts';

const kind = 'static-embedding';
export const vocabularySize = 30_522;
export const staticDimensions = 384;
const firstTokenId = 101;
const lastTokenId = 102;
const tokensPerRun = 256;
/** The vocabulary is ordered by frequency from here on; special and unused entries come before. */
const firstWordId = 999;

/** One vector per vocabulary entry: `scales[id] · table[id]`. */
export interface StaticWeights {
  readonly scales: Float32Array;
  /** Vocabulary × 384. */
  readonly table: Int8Array;
}

/**
 * Token vectors distilled from MiniLM-L6 (the recipe of Model2Vec): each vocabulary entry is encoded by
 * itself, the common direction is taken off, and rare entries weigh more (Zipf's law: logarithm of the rank).
 * Made on first use (10 to 20 s on two cores) and kept in `modelsDir`.
 */
export async function staticWeights(modelsDir: string, intraOpThreads: number): Promise<StaticWeights> {
  const path = join(modelsDir, 'static.bin');
  if (existsSync(path)) {
    try {
      return readStaticWeights(path);
    } catch (error) {
      if (!isMoeError(error, 'weights-corrupt')) throw error;
    }
  }
  const weights = quantise(await encodeVocabulary(modelsDir, intraOpThreads));
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

async function encodeVocabulary(modelsDir: string, intraOpThreads: number): Promise<Float32Array> {
  const session = await InferenceSession.create(minilmModelFile(modelsDir, 6).path, {
    intraOpNumThreads: intraOpThreads,
    logSeverityLevel: 3,
  });
  try {
    const vectors = new Float32Array(vocabularySize * staticDimensions);
    for (let start = 0; start < vocabularySize; start += tokensPerRun) {
      const count = Math.min(tokensPerRun, vocabularySize - start);
      const ids = new BigInt64Array(count * 3);
      for (let row = 0; row < count; row++)
        ids.set([BigInt(firstTokenId), BigInt(start + row), BigInt(lastTokenId)], row * 3);
      const shape = [count, 3];
      const outputs = await session.run({
        input_ids: new Tensor('int64', ids, shape),
        attention_mask: new Tensor('int64', new BigInt64Array(count * 3).fill(1n), shape),
      });
      vectors.set(outputs.sentence_embedding!.data as Float32Array, start * staticDimensions);
    }
    return vectors;
  } finally {
    await session.release();
  }
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
