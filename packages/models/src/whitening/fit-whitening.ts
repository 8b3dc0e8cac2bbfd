import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Whitening } from './whitening.ts';

/** The mean of the vectors alone. */
export function fitCentring(vectors: readonly Float32Array[]): Whitening {
  const mean = new Float64Array(vectors[0]!.length);
  for (const vector of vectors)
    for (let axis = 0; axis < mean.length; axis++) mean[axis] = mean[axis]! + vector[axis]! / vectors.length;
  return { mean: Float32Array.from(mean), rows: undefined };
}

export interface FitWhiteningOptions {
  /** Principal axes that are kept, those of the largest variance. */
  readonly outputDimensions: number;
  /** Power of the variance by which an axis is divided: 0 leaves it, ½ makes all vary alike, ¼ is the soft way between. */
  readonly power: number;
  /** Added to each variance, so that axes that hardly vary do not count most. */
  readonly floor: number;
}

/** The principal axes of the vectors, each divided by a power of its variance. */
export function fitWhitening(
  vectors: readonly Float32Array[],
  { outputDimensions, power, floor }: FitWhiteningOptions,
): Whitening {
  const { mean } = fitCentring(vectors);
  const size = mean.length;
  const covariance = Matrix.zeros(size, size);
  for (const vector of vectors) {
    const centred = vector.map((value, axis) => value - mean[axis]!);
    for (let row = 0; row < size; row++)
      for (let column = row; column < size; column++)
        covariance.set(
          row,
          column,
          covariance.get(row, column) + (centred[row]! * centred[column]!) / vectors.length,
        );
  }
  for (let row = 0; row < size; row++)
    for (let column = 0; column < row; column++) covariance.set(row, column, covariance.get(column, row));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const largest = realEigenvalues
    .map((variance, axis) => ({ variance, axis }))
    .sort((left, right) => right.variance - left.variance)
    .slice(0, outputDimensions);
  const rows = new Float32Array(outputDimensions * size);
  for (const [row, { variance, axis }] of largest.entries())
    for (let column = 0; column < size; column++)
      rows[row * size + column] =
        eigenvectorMatrix.get(column, axis) / (Math.max(0, variance) + floor) ** power;
  return { mean, rows };
}
