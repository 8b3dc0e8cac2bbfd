import { normalise } from '../unit-vector.ts';

/**
 * What is taken off an expert's vectors before they are compared: their common direction, and part of how much they vary
 * more along some axes than along others. Made from other people's texts than those that it is used on.
 */
export interface Whitening {
  /** Subtracted; as long as the native vectors. */
  readonly mean: Float32Array;
  /** Row-major, output axes × native axes: principal axes, each divided by a power of its variance. None: centred only. */
  readonly rows: Float32Array | undefined;
}

/** Length of what {@link whitened} gives. */
export function outputDimensionsOf({ mean, rows }: Whitening): number {
  return rows === undefined ? mean.length : rows.length / mean.length;
}

/** The vector without the mean, on the whitened axes, of unit length; the mean itself becomes zero. */
export function whitened(whitening: Whitening, native: Float32Array): Float32Array {
  const { mean, rows } = whitening;
  const centred = native.map((value, axis) => value - mean[axis]!);
  if (rows === undefined) return normalise(centred);
  const result = new Float32Array(outputDimensionsOf(whitening));
  for (let axis = 0; axis < result.length; axis++) {
    const start = axis * centred.length;
    let sum = 0;
    for (let place = 0; place < centred.length; place++) sum += rows[start + place]! * centred[place]!;
    result[axis] = sum;
  }
  return normalise(result);
}
