import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareFractions, fraction, toNumber } from '../../../../src/scoring/fraction.ts';
import { shapleyValues } from '../../../../src/tasks/embedding/contribution/shapley.ts';
import { addProducts, type DatumProducts, examLoss } from '../../../../src/tasks/embedding/exam/products.ts';

const entries = fc.integer({ min: -9, max: 9 });
const datum = fc.record({
  own: fc.array(entries, { minLength: 2, maxLength: 2 }),
  others: fc.array(entries, { minLength: 5, maxLength: 5 }),
});
const data = (parts: number): fc.Arbitrary<{ parts: DatumProducts[] }[]> =>
  fc.array(
    fc.array(datum, { minLength: parts, maxLength: parts }).map((each) => ({ parts: each })),
    {
      minLength: 1,
      maxLength: 4,
    },
  );

describe('Shapley values', () => {
  it('are the means over all orders of what each lowers the loss by', () => {
    fc.assert(
      fc.property(data(3), (rows) => {
        const weights = [2, 1, 3];
        const lossOf = (members: readonly number[]): number =>
          rows.reduce((sum, { parts }) => {
            const chosen = members.map((index) => ({ products: parts[index]!, weight: weights[index]! }));
            return sum + (members.length === 0 ? 0.5 : toNumberExactly(examLoss(addProducts(chosen))));
          }, 0) / rows.length;
        const orders = [
          [0, 1, 2],
          [0, 2, 1],
          [1, 0, 2],
          [1, 2, 0],
          [2, 0, 1],
          [2, 1, 0],
        ];
        const values = shapleyValues(weights, rows)!;
        for (const index of weights.keys()) {
          const gains = orders.map((order) => {
            const before = order.slice(0, order.indexOf(index));
            return lossOf(before) - lossOf([...before, index]);
          });
          expect(toNumber(values[index]!)).toBeCloseTo(gains.reduce((a, b) => a + b, 0) / 6, 5);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('add up to a half minus the loss of all eight, exactly', () => {
    fc.assert(
      fc.property(data(8), (rows) => {
        const weights = [5, 1, 2, 3, 1, 1, 2, 4];
        const values = shapleyValues(weights, rows)!;
        const sum = values.reduce(
          (a, b) =>
            fraction(
              a.numerator * b.denominator + b.numerator * a.denominator,
              a.denominator * b.denominator,
            ),
          fraction(0, 1),
        );
        const losses = rows.map(({ parts }) =>
          examLoss(addProducts(parts.map((products, index) => ({ products, weight: weights[index]! })))),
        );
        const worse = losses.reduce((before, { numerator }) => before + numerator, 0n);
        const compared = losses.reduce((before, { denominator }) => before + denominator, 0n);
        expect(compareFractions(sum, fraction(compared - 2n * worse, 2n * compared))).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('are 0 for a part that was away, and there are none without exams', () => {
    const right: DatumProducts = { own: [5], others: [1, 2] };
    const [all, none] = shapleyValues([1, 1], [{ parts: [right, undefined] }])!;
    expect(compareFractions(all!, fraction(1, 2))).toBe(0);
    expect(none!.numerator).toBe(0n);
    expect(shapleyValues([1, 1], [])).toBeUndefined();
    expect(shapleyValues([1], [{ parts: [undefined] }])).toBeUndefined();
  });
});

function toNumberExactly({ numerator, denominator }: { numerator: bigint; denominator: bigint }): number {
  return Number(numerator) / Number(denominator);
}
