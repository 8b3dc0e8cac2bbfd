import type { Space } from '../scoring/spaces.ts';
import type { LabelledQuestion } from './question.ts';

/**
 * One over the rank of the first right answer, for each query: 1 the best. Answers at the same distance share their ranks, so that
 * a constant vector gets what chance does.
 */
export function reciprocalRanks(
  { queries, candidates, right }: LabelledQuestion,
  { vectorOf }: Space,
): number[] {
  const vectors = candidates.map(vectorOf);
  return queries.map(({ text }, index) => {
    const query = vectorOf(text);
    const products = vectors.map((vector) => product(query, vector));
    const rightPlaces = new Set(right[index]!);
    const best = right[index]!.reduce(
      (most, place) => Math.max(most, products[place]!),
      Number.NEGATIVE_INFINITY,
    );
    let above = 0;
    let level = 0;
    for (const [place, value] of products.entries()) {
      if (rightPlaces.has(place)) continue;
      if (value > best) above += 1;
      else if (value === best) level += 1;
    }
    return 1 / (1 + above + level / 2);
  });
}

function product(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let axis = 0; axis < left.length; axis += 1) sum += left[axis]! * right[axis]!;
  return sum;
}
