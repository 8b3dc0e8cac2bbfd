import { describe, expect, it } from 'vitest';
import type { RoutedText } from '../texts/text-set.ts';
import { fitWeights } from './fit-weights.ts';
import { intervalByDocument } from './interval.ts';
import { mixed, productsOf, type RetrievalSide, reciprocalRanksIn } from './retrieval-side.ts';

const side = {
  kinds: ['german', 'code'],
  texts: Array.from({ length: 12 }, (_, index) => ({
    kind: index % 2 === 0 ? 'german' : 'code',
    documentId: `d${index % 6}`,
    start: `start ${index}`,
    rest: `rest ${index}`,
  })) as unknown as readonly RoutedText[],
} satisfies RetrievalSide;
const count = side.texts.length;

/** An expert that knows the texts that `knows` says; of the others it says the same. */
function expert(knows: (index: number) => boolean): (text: string) => Float32Array {
  return (text) => {
    const index = Number(text.split(' ')[1]);
    const vector = new Float32Array(count + 1);
    vector[knows(index) ? index : count] = 1;
    return vector;
  };
}

describe('weights of experts side by side', () => {
  it('rank by products, with those that are level counted half', () => {
    const products = productsOf(
      side,
      expert((index) => index < 6),
    );
    const ranks = reciprocalRanksIn(products.start, count);
    expect(ranks.slice(0, 6)).toEqual([1, 1, 1, 1, 1, 1]);
    // Six are level: five others, half of each.
    expect(ranks[11]).toBe(1 / 3.5);
  });

  it('take in an expert who knows what the first does not, and leave out one who is in the way', () => {
    const parts = [
      expert((index) => index < 6),
      expert((index) => index >= 6),
      (text: string) =>
        expert(() => true)(
          text.startsWith('rest') ? text : `start ${(Number(text.split(' ')[1]) + 1) % count}`,
        ),
    ].map((vectorOf) => productsOf(side, vectorOf));
    const weights = fitWeights(side, parts);
    expect(weights[1]).toBeGreaterThan(0);
    expect(weights[2]).toBe(0);
    expect(reciprocalRanksIn(mixed(parts, weights, 'start'), count)).toEqual(Array(count).fill(1));
  });

  it('state a mean with what other documents would give', () => {
    const { mean, low, high } = intervalByDocument(
      side,
      side.texts.map((_, index) => (index % 6 === 0 ? 1 : 0)),
    );
    expect(mean).toBeCloseTo(1 / 6, 10);
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(mean);
    expect(intervalByDocument(side, Array(count).fill(0.5))).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
  });
});
