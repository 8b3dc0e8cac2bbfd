import { describe, expect, it } from 'vitest';
import { addProducts, examLoss, productsOf } from '../../../../src/tasks/embedding/exam/products.ts';

const vector = (...numbers: readonly number[]): Int16Array => Int16Array.from(numbers);

describe('exam loss of one datum', () => {
  it('counts pairs in which another entry is nearer, and ties by half', () => {
    const products = productsOf(vector(10, 0), [vector(3, 4), vector(5, 0)], [vector(4, 3), vector(5, 9)]);
    // 30 and 50 against 40 and 50: worse, worse; right, tie.
    expect(examLoss(products)).toEqual({ numerator: 5n, denominator: 8n });
  });

  it('gives a half to vectors that say nothing', () => {
    const zero = vector(0, 0, 0);
    const constant = vector(32_767, 0, 0);
    for (const said of [zero, constant])
      expect(examLoss(productsOf(said, [said, said], [said, said, said]))).toEqual({
        numerator: 6n,
        denominator: 12n,
      });
  });

  it('adds experts of different dimensions as one with their vectors side by side', () => {
    const one = productsOf(vector(3, 1), [vector(2, 2)], [vector(1, 9)]);
    const other = productsOf(vector(5), [vector(7)], [vector(-1)]);
    const together = productsOf(vector(3, 1, 5), [vector(2, 2, 7)], [vector(1, 9, -1)]);
    expect(
      addProducts([
        { products: one, weight: 1 },
        { products: other, weight: 1 },
      ]),
    ).toEqual(together);
  });
});
