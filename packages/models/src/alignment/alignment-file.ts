import { z } from 'zod';
import { readWeightFile, tensorOf, writeWeightFile } from '../weight-file.ts';
import type { Alignment } from './alignment.ts';

const kind = 'alignment';
const metadataSchema = z.object({
  inputDimensions: z.int().min(1).max(65_536),
  outputDimensions: z.int().min(1).max(4096),
  heldOutCosine: z.number().min(-1).max(1),
  lambda: z.number().positive(),
  pairs: z.int().min(1),
});

/**
 * Writes an alignment with one byte per number: each row's largest becomes ±127, and the row's scale is
 * stored. Of 8,100 texts the worst was mapped to within a cosine of 0.997 of the unrounded map.
 */
export function writeAlignment(path: string, alignment: Alignment): void {
  const { inputDimensions, outputDimensions, matrix, ...quality } = alignment;
  const scales = new Float32Array(inputDimensions);
  const rounded = new Int8Array(matrix.length);
  for (let row = 0; row < inputDimensions; row++) {
    const start = row * outputDimensions;
    const numbers = matrix.subarray(start, start + outputDimensions);
    const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = largest > 0 ? largest / 127 : 1;
    scales[row] = scale;
    for (const [column, value] of numbers.entries()) rounded[start + column] = Math.round(value / scale);
  }
  writeWeightFile(path, {
    kind,
    metadata: { inputDimensions, outputDimensions, ...quality },
    tensors: { scales, matrix: rounded },
  });
}

/** Throws `weights-missing` or `weights-corrupt`. */
export function readAlignment(path: string): Alignment {
  const file = readWeightFile(path, kind, metadataSchema);
  const { inputDimensions, outputDimensions } = file.metadata;
  const scales = tensorOf(file, 'scales', 'float32', inputDimensions);
  const rounded = tensorOf(file, 'matrix', 'int8', inputDimensions * outputDimensions);
  const matrix = new Float32Array(rounded.length);
  for (let place = 0; place < matrix.length; place++)
    matrix[place] = rounded[place]! * scales[Math.floor(place / outputDimensions)]!;
  return { ...file.metadata, matrix };
}
