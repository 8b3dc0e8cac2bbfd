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
  const width = parts.reduce((total, { dimensions }) => total + dimensions, 0);
  const signs = new Int8Array(count * width);
  for (let row = 0, at = 0; row < count; row += 1)
    for (const { name, dimensions } of parts) {
      drawSigns(signs.subarray(at, at + dimensions), seed, `projection/${name}/${row}`);
      at += dimensions;
    }
  return (mixed) => {
    const projected = new Float64Array(count);
    for (let row = 0, at = 0; row < count; row += 1) {
      let sum = 0;
      for (let axis = 0; axis < width; axis += 1, at += 1) sum += signs[at]! * mixed[axis]!;
      projected[row] = sum;
    }
    return unitOf(projected);
  };
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
