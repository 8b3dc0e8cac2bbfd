import { expect, it } from 'vitest';
import { spearman } from './rank-correlation.ts';

it('is 1 for the same order, -1 for the reverse', () => {
  expect(spearman([1, 5, 9, 12], [2, 3, 40, 41])).toBeCloseTo(1);
  expect(spearman([1, 5, 9, 12], [4, 3, 2, 1])).toBeCloseTo(-1);
});

it('gives equal values the mean of their ranks', () => {
  // Ranks 0.5, 0.5, 2 against 0, 1, 2: by hand √3 / 2.
  expect(spearman([1, 1, 2], [1, 2, 3])).toBeCloseTo(Math.sqrt(3) / 2);
});
