import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readWeightFile, tensorOf, writeWeightFile } from '../weight-file.ts';
import { outputDimensionsOf, type Whitening } from './whitening.ts';

const kind = 'whitening';
const metadataSchema = z.object({
  inputDimensions: z.int().min(1).max(4096),
  outputDimensions: z.int().min(1).max(4096),
  isCentredOnly: z.boolean(),
});

/** The shipped whitening of an expert of the catalogue, made by `packages/training/scripts/fit-layers.ts`. */
export function whiteningFileOf(name: string): string {
  return fileURLToPath(new URL(`../../data/whitenings/${name}.bin`, import.meta.url));
}

/** Writes a whitening with one byte a number of its rows: the largest of a row becomes ±127. */
export function writeWhitening(path: string, whitening: Whitening): void {
  const { mean, rows } = whitening;
  const inputDimensions = mean.length;
  const outputDimensions = outputDimensionsOf(whitening);
  const scales = new Float32Array(rows === undefined ? 0 : outputDimensions);
  const rounded = new Int8Array(rows?.length ?? 0);
  for (let row = 0; row < scales.length; row++) {
    const numbers = rows!.subarray(row * inputDimensions, (row + 1) * inputDimensions);
    const scale = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127 || 1;
    scales[row] = scale;
    for (const [axis, value] of numbers.entries())
      rounded[row * inputDimensions + axis] = Math.round(value / scale);
  }
  writeWeightFile(path, {
    kind,
    metadata: { inputDimensions, outputDimensions, isCentredOnly: rows === undefined },
    tensors: { mean, scales, rows: rounded },
  });
}

/** Throws `weights-missing` or `weights-corrupt`. */
export function readWhitening(path: string): Whitening {
  const file = readWeightFile(path, kind, metadataSchema);
  const { inputDimensions, outputDimensions, isCentredOnly } = file.metadata;
  const mean = tensorOf(file, 'mean', 'float32', inputDimensions);
  if (isCentredOnly) return { mean, rows: undefined };
  const scales = tensorOf(file, 'scales', 'float32', outputDimensions);
  const rounded = tensorOf(file, 'rows', 'int8', outputDimensions * inputDimensions);
  const rows = Float32Array.from(
    rounded,
    (value, place) => value * scales[Math.floor(place / inputDimensions)]!,
  );
  return { mean, rows };
}
