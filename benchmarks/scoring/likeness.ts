import type { Likeness } from './exam-batches.ts';
import type { Space } from './spaces.ts';

/** How alike whole texts are to each expert of the catalogue: they take turns in forming batches. */
export function likenessTurns(spaces: readonly Space[]): Likeness[] {
  return spaces
    .filter(({ group }) => group === 'catalogue')
    .map(
      ({ vectorOf }): Likeness =>
        (left, right) =>
          product(vectorOf(left.text), vectorOf(right.text)),
    );
}

function product(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let axis = 0; axis < left.length; axis += 1) sum += left[axis]! * right[axis]!;
  return sum;
}
