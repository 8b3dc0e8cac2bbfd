import { z } from 'zod';
import type { ExpertBackend } from '../backend.ts';
import { functionBackend } from '../function-backend.ts';
import { normalise } from '../unit-vector.ts';
import { readWeightFile, tensorOf, writeWeightFile } from '../weight-file.ts';
import { featureBuckets, subwordFeatures } from './subword-features.ts';

const kind = 'hashed-subword';
const metadataSchema = z.object({
  hidden: z.int().min(1).max(1024),
  dimensions: z.int().min(1).max(4096),
  splitsIdentifiers: z.boolean(),
});

/** `vector = normalise(Pᵀ · Σ_f scales[f] · table[f])` over the features f of a text. */
export interface HashedSubwordWeights {
  readonly hidden: number;
  readonly dimensions: number;
  /** Whether `camelCase` and `snake_case` are split into words, as an expert for code wants. */
  readonly splitsIdentifiers: boolean;
  /** One per bucket. */
  readonly scales: Float32Array;
  /** Buckets × hidden. */
  readonly table: Int8Array;
  /** Hidden × dimensions. */
  readonly projection: Float32Array;
}

export function writeHashedSubwordWeights(path: string, weights: HashedSubwordWeights): void {
  const { hidden, dimensions, splitsIdentifiers, scales, table, projection } = weights;
  writeWeightFile(path, {
    kind,
    metadata: { hidden, dimensions, splitsIdentifiers },
    tensors: { scales, table, projection },
  });
}

/** Throws `weights-missing` or `weights-corrupt`. */
export function readHashedSubwordWeights(path: string): HashedSubwordWeights {
  const file = readWeightFile(path, kind, metadataSchema);
  const { hidden, dimensions } = file.metadata;
  return {
    ...file.metadata,
    scales: tensorOf(file, 'scales', 'float32', featureBuckets),
    table: tensorOf(file, 'table', 'int8', featureBuckets * hidden),
    projection: tensorOf(file, 'projection', 'float32', hidden * dimensions),
  };
}

/** A small trained expert: hashed words and n-grams, summed and projected. Unit vectors. */
export function hashedSubwordBackend(name: string, weights: HashedSubwordWeights): ExpertBackend {
  const { hidden, dimensions, splitsIdentifiers, scales, table, projection } = weights;
  return functionBackend(name, dimensions, (text) => {
    const sum = new Float32Array(hidden);
    for (const feature of subwordFeatures(text, splitsIdentifiers)) {
      const scale = scales[feature]!;
      const row = feature * hidden;
      for (let unit = 0; unit < hidden; unit++) sum[unit] = sum[unit]! + scale * table[row + unit]!;
    }
    const vector = new Float32Array(dimensions);
    for (let unit = 0; unit < hidden; unit++) {
      const value = sum[unit]!;
      const row = unit * dimensions;
      for (let axis = 0; axis < dimensions; axis++)
        vector[axis] = vector[axis]! + value * projection[row + axis]!;
    }
    return normalise(vector);
  });
}
