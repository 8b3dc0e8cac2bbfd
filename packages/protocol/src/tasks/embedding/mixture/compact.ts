import { MoeError } from '@market-of-experts/core';
import { unitOf } from '../side-by-side.ts';

/** A vector in a byte a number: part by part `scale · number`. */
export interface Int8Vector {
  readonly numbers: Int8Array;
  /** One for each part. */
  readonly scales: Float32Array;
}

/**
 * The nearest multiples of a 127th of each part's greatest number: parts of small weight or many numbers keep as many digits as the
 * others. The scales give the result unit length.
 */
export function int8Vector(vector: Float32Array, dimensions: readonly number[]): Int8Vector {
  const numbers = new Int8Array(vector.length);
  const scales = new Float32Array(dimensions.length);
  let squares = 0;
  let offset = 0;
  for (const [part, count] of dimensions.entries()) {
    let greatest = 0;
    for (let axis = offset; axis < offset + count; axis += 1)
      greatest = Math.max(greatest, Math.abs(vector[axis]!));
    const scale = greatest / 127;
    for (let axis = offset; axis < offset + count && greatest > 0; axis += 1) {
      numbers[axis] = Math.round(vector[axis]! / scale);
      squares += numbers[axis]! * scale * (numbers[axis]! * scale);
    }
    scales[part] = scale;
    offset += count;
  }
  const length = Math.sqrt(squares) || 1;
  return { numbers, scales: scales.map((scale) => scale / length) };
}

/** The vector that the bytes stand for, of unit length or zero. */
export function fromInt8({ numbers, scales }: Int8Vector, dimensions: readonly number[]): Float32Array {
  const vector = new Float64Array(numbers.length);
  let offset = 0;
  for (const [part, count] of dimensions.entries()) {
    for (let axis = offset; axis < offset + count; axis += 1) vector[axis] = numbers[axis]! * scales[part]!;
    offset += count;
  }
  return unitOf(vector);
}

/**
 * A bit a number, 1 where it is above 0, the first number in the highest bit: as `numpy.packbits` and stores of binary vectors have
 * it. Throws `invalid-vector` when the length is no multiple of 8.
 */
export function signBits(vector: Float32Array): Uint8Array {
  if (vector.length % 8 !== 0)
    throw new MoeError('invalid-vector', `Bits fill bytes: ${vector.length} numbers are no multiple of 8.`);
  const bytes = new Uint8Array(vector.length / 8);
  for (let axis = 0; axis < vector.length; axis += 1)
    if (vector[axis]! > 0) bytes[axis >> 3]! |= 128 >> (axis & 7);
  return bytes;
}
