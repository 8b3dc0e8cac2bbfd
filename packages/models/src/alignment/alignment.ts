import { normalise } from '../unit-vector.ts';

/** A linear map from an expert's native space into the market's, with its measured quality. */
export interface Alignment {
  readonly inputDimensions: number;
  readonly outputDimensions: number;
  /** Row-major, `inputDimensions × outputDimensions`. */
  readonly matrix: Float32Array;
  /** Mean cosine between mapped and true vectors of texts that the fit did not see. */
  readonly heldOutCosine: number;
  /** Strength of the ridge, relative to the mean variance of a native axis. */
  readonly lambda: number;
  /** Number of (native, target) pairs that it was fitted on. */
  readonly pairs: number;
}

/** The vector in the market's space, of unit length (the zero vector stays zero). */
export function applyAlignment(alignment: Alignment, native: Float32Array): Float32Array {
  const { inputDimensions, outputDimensions, matrix } = alignment;
  const result = new Float32Array(outputDimensions);
  for (let row = 0; row < inputDimensions; row++) {
    const value = native[row]!;
    if (value === 0) continue;
    const start = row * outputDimensions;
    for (let column = 0; column < outputDimensions; column++)
      result[column] = result[column]! + value * matrix[start + column]!;
  }
  return normalise(result);
}
