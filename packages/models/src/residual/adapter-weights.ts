import { MoeError } from '@market-of-experts/core';
import { z } from 'zod';
import { readWeightFile, tensorOf, writeWeightFile } from '../weight-file.ts';

const kind = 'residual-adapter';

/** `y = normalise(x + W·x)` on the unit vectors `x` of a base model. */
export interface AdapterWeights {
  /** Length of the base model's vectors. */
  readonly dimensions: number;
  /** W, row-major: `dimensions × dimensions`. Zero is the identity. */
  readonly matrix: Float32Array;
  /** How it came to be (domain, steps, losses, hash of the texts …), for people to read. */
  readonly notes?: Readonly<Record<string, string | number>>;
}

const metadataSchema = z.object({
  dimensions: z.int().min(1).max(4096),
  notes: z.record(z.string(), z.union([z.string(), z.number()])),
});

/** Throws `weights-invalid` when the matrix has another size or holds something other than finite numbers. */
export function writeAdapterWeights(path: string, weights: AdapterWeights): void {
  const { dimensions, matrix, notes = {} } = weights;
  if (matrix.length !== dimensions * dimensions || !matrix.every(Number.isFinite))
    throw new MoeError(
      'weights-invalid',
      `An adapter of ${dimensions} dimensions needs ${dimensions * dimensions} finite numbers; ` +
        `the matrix has ${matrix.length}, or some are not finite.`,
    );
  writeWeightFile(path, { kind, metadata: { dimensions, notes }, tensors: { matrix } });
}

/** Throws `weights-missing` or `weights-corrupt`. */
export function readAdapterWeights(path: string): Required<AdapterWeights> {
  const file = readWeightFile(path, kind, metadataSchema);
  const { dimensions, notes } = file.metadata;
  return { dimensions, notes, matrix: tensorOf(file, 'matrix', 'float32', dimensions * dimensions) };
}
