import { MoeError } from '@market-of-experts/core';

/** Full scale of a quantised component: a unit vector times this, rounded. */
export const int16Scale = 32_767;
/** Squared length of a quantised unit vector, with room for rounding. Dot products below this fit an int32. */
const maxSquaredLength = int16Scale * int16Scale * 1.05;

/** Whether {@link quantise} takes the vector and {@link isQuantisedUnit} its result. */
export function isUnitVector(vector: Float32Array): boolean {
  let squares = 0;
  for (let index = 0; index < vector.length; index += 1) {
    const value = vector[index]!;
    if (!(value >= -1.001 && value <= 1.001)) return false;
    squares += value * value;
  }
  // Rounding lengthens a vector of 65,536 numbers by less than 0.004.
  return squares <= 1.04;
}

/** `round(32767·x)` of a unit vector (float32, any dimension). Throws `invalid-vector` for NaN or infinities. */
export function quantise(vector: Float32Array): Int16Array {
  const out = new Int16Array(vector.length);
  for (let index = 0; index < vector.length; index += 1) {
    const value = vector[index]!;
    if (!(value >= -1.001 && value <= 1.001))
      throw new MoeError(
        'invalid-vector',
        `Component ${index} is ${value}; a unit vector has components within ±1.`,
      );
    out[index] = Math.max(-int16Scale, Math.min(int16Scale, Math.round(int16Scale * value)));
  }
  return out;
}

/** Exact dot product; both must be unit vectors within rounding (see {@link isQuantisedUnit}). */
export function dot(a: Int16Array, b: Int16Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum = (sum + a[index]! * b[index]!) | 0;
  return sum;
}

/** Exact dot product of a quantised vector with a sum of up to 2¹⁶ of them. */
export function dotSum(a: Int16Array, sum: Int32Array): number {
  let total = 0;
  for (let index = 0; index < a.length; index += 1) total += a[index]! * sum[index]!;
  return total;
}

/**
 * Length of a vector or a sum: squares of whole numbers add up exactly below 2⁵³ and `sqrt` is correctly rounded (IEEE 754). NaN or ∞
 * where a number is.
 */
export function lengthOf(vector: ArrayLike<number>): number {
  let squares = 0;
  for (let index = 0; index < vector.length; index += 1) squares += vector[index]! * vector[index]!;
  return Math.sqrt(squares);
}

/** Components of a vector that another party sent: not longer than a unit vector, so that products fit. */
export function isQuantisedUnit(vector: Int16Array): boolean {
  let squares = 0;
  for (let index = 0; index < vector.length; index += 1) squares += vector[index]! * vector[index]!;
  return squares <= maxSquaredLength;
}

/** Little-endian bytes of the components, for hashing and sending. */
export function int16Bytes(vector: Int16Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

export function int16FromBytes(bytes: Uint8Array): Int16Array {
  // A copy that is aligned: `slice` of a Buffer would share the memory around it.
  return new Int16Array(new Uint8Array(bytes).buffer);
}

export function float32Bytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

export function float32FromBytes(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** Direction of a sum of vectors in 127ths, as two's-complement bytes; all 0 for a sum of length 0. */
export function int8Direction(sum: Int32Array): Uint8Array {
  const length = lengthOf(sum) || 1;
  return new Uint8Array(Int8Array.from(sum, (value) => Math.round((127 * value) / length)).buffer);
}
