import { MoeError } from '@market-of-experts/core';
import { drawStream } from '../../../random/stream.ts';
import { unitOf } from '../side-by-side.ts';

/** A part of a mixed vector, by a name that stays the same as long as its model does. */
export interface ProjectedPart {
  readonly name: string;
  readonly dimensions: number;
}

/** Numbers of a projected vector at most. */
export const mostProjected = 2_048;

/**
 * The published projection of an edition to fewer numbers: number `row` is `Σ ±x` over all numbers of the mixed vector, with signs
 * that the seed, the part's name and `row` give; the whole is brought to unit length. So the first 384 of 1,024 numbers, brought to
 * unit length, are the projection to 384, and a part is projected alike in every edition. Cosines are kept up to chance of about
 * `1 / √count`. Making it draws `count` signs for each number of a vector. Throws `invalid-input` for a count that is none.
 */
export function signProjection(
  parts: readonly ProjectedPart[],
  seed: string,
  count: number,
): (mixed: Float32Array) => Float32Array {
  if (!Number.isInteger(count) || count < 1 || count > mostProjected)
    throw new MoeError(
      'invalid-input',
      `Vectors are projected to 1 to ${mostProjected} numbers, not ${count}.`,
    );
  const rows = Array.from({ length: count }, (_, row) => projectionRow(parts, seed, row));
  return (mixed) => unitOf(Float64Array.from(rows, (signs) => signedSum(signs, mixed)));
}

/** Signs of one number of {@link signProjection}, for each number of the mixed vector: they do not depend on how many there are. */
export function projectionRow(parts: readonly ProjectedPart[], seed: string, row: number): Int8Array {
  const signs = new Int8Array(parts.reduce((total, { dimensions }) => total + dimensions, 0));
  let at = 0;
  for (const { name, dimensions } of parts) {
    drawSigns(signs.subarray(at, at + dimensions), seed, `projection/${name}/${row}`);
    at += dimensions;
  }
  return signs;
}

/** `Σ ±x`, from the first number to the last. */
export function signedSum(signs: Int8Array, mixed: Float32Array): number {
  let sum = 0;
  for (let axis = 0; axis < signs.length; axis += 1) sum += signs[axis]! * mixed[axis]!;
  return sum;
}

function drawSigns(signs: Int8Array, seed: string, label: string): void {
  const stream = drawStream(seed, label);
  let bits = 0;
  for (let axis = 0; axis < signs.length; axis += 1) {
    if (axis % 32 === 0) bits = stream.below(2 ** 32);
    signs[axis] = (bits & 1) === 1 ? 1 : -1;
    bits >>>= 1;
  }
}
