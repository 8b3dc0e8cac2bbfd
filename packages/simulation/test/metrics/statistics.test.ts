import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gini, hhi, Mean, spearman } from '../../src/metrics/statistics.ts';

const amounts = fc.array(fc.nat(1_000), { minLength: 2, maxLength: 30 });

describe('statistics', () => {
  it('Gini is 0 for equals, (n − 1)/n when one has all, and ignores scale and order', () => {
    expect(gini([5, 5, 5, 5])).toBeCloseTo(0, 12);
    expect(gini([0, 0, 0, 9])).toBeCloseTo(0.75, 12);
    expect(gini([1, 2, 3, 4])).toBeCloseTo(0.25, 12);
    expect(gini([0, 0])).toBe(0);
    fc.assert(
      fc.property(amounts, (list) => {
        expect(gini(list.map((amount) => 3 * amount).reverse())).toBeCloseTo(gini(list), 9);
      }),
    );
  });

  it('the index of concentration is one over the number of equal earners', () => {
    expect(hhi([2, 2, 2, 2])).toBeCloseTo(0.25, 12);
    expect(hhi([0, 7])).toBe(1);
    expect(hhi([])).toBe(0);
  });

  it('Spearman sees order only, with ties at their mean rank', () => {
    expect(spearman([1, 2, 3, 4], [10, 100, 1_000, 10_000])).toBeCloseTo(1, 12);
    expect(spearman([1, 5, 9, 12], [2, 3, 40, 41])).toBeCloseTo(1);
    expect(spearman([1, 5, 9, 12], [4, 3, 2, 1])).toBeCloseTo(-1);
    // Ranks 1.5, 1.5, 3 against 1, 2, 3: by hand √3 / 2.
    expect(spearman([1, 1, 2], [1, 2, 3])).toBeCloseTo(Math.sqrt(3) / 2);
    expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1, 12);
    expect(spearman([1, 1, 1], [1, 2, 3])).toBe(0);
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / √(4.5 · 5).
    expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12);
    fc.assert(
      fc.property(amounts, (list) => {
        const value = spearman(list, [...list].reverse());
        expect(value).toBeGreaterThanOrEqual(-1 - 1e-9);
        expect(value).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('a mean of nothing is nothing', () => {
    const mean = new Mean();
    expect(mean.value).toBeNull();
    mean.add(1);
    mean.add(2);
    expect(mean.value).toBe(1.5);
  });
});
