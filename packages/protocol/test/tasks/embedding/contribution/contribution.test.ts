import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ContributionRow,
  type ContributionRule,
  contributionsTo,
  sumOfContributions,
} from '../../../../src/tasks/embedding/contribution/contribution.ts';
import { slope, stepsPerScale } from '../../../../src/tasks/embedding/contribution/slope.ts';
import type { DatumProducts } from '../../../../src/tasks/embedding/exam/products.ts';

const unit = 2 ** 30;
const most = Math.floor(1.05 * 2 ** 30);
const product = fc.integer({ min: -most, max: most });

/** Rows of `parts` parts, each with its numbers of own and other entries. */
const rows = (parts: number): fc.Arbitrary<ContributionRow[]> =>
  fc.array(
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 20 }), fc.bigInt(0n, 10n ** 12n))
      .chain(([own, others, feeMicro]) =>
        fc
          .array(
            fc.record({
              own: fc.array(product, { minLength: own, maxLength: own }),
              others: fc.array(product, { minLength: others, maxLength: others }),
            }),
            { minLength: parts, maxLength: parts },
          )
          .map((each) => ({ feeMicro, parts: each })),
      ),
    { minLength: 1, maxLength: 6 },
  );

/** The rule of the docstring, pair by pair, in bigints. */
function plainly({ weights, marginScaleMillionths }: ContributionRule, row: ContributionRow): bigint[] {
  const sum = BigInt(weights.reduce((a, b) => a + b, 0));
  const units = sum * 32_767n ** 2n * BigInt(marginScaleMillionths);
  const step = (units + 1_024_000_000n - 1n) / 1_024_000_000n;
  const first = row.parts.find((part) => part !== undefined);
  const [own, others] = [first?.own.length ?? 0, first?.others.length ?? 0];
  const sums = weights.map(() => 0n);
  for (let p = 0; p < own; p += 1)
    for (let o = 0; o < others; o += 1) {
      const drawn = row.parts.map((part) =>
        part === undefined ? 0n : BigInt(part.own[p]! - part.others[o]!),
      );
      const margin = drawn.reduce((before, value, index) => before + BigInt(weights[index]!) * value, 0n);
      const steps = (margin < 0n ? -margin : margin) / step;
      const worth = 2n ** 34n / (1_024n + steps);
      for (const [index, value] of drawn.entries()) sums[index]! += worth * value;
    }
  return sums.map((total, index) =>
    own * others === 0 ? 0n : (row.feeMicro * BigInt(weights[index]!) * total) / BigInt(own * others),
  );
}

describe('slope', () => {
  it('is whole, falls from 2²⁴, is half of it at one scale, and never 0 for margins that there are', () => {
    expect(slope(0)).toBe(2 ** 24);
    expect(slope(stepsPerScale)).toBe(2 ** 23);
    expect(slope(2 ** 31)).toBe(7);
    for (let steps = 1; steps < 40_000; steps += 97) {
      expect(Number.isInteger(slope(steps))).toBe(true);
      expect(Math.abs(slope(steps) - 2 ** 24 / (1 + steps / 1_024))).toBeLessThan(1);
    }
  });
});

describe('contributions', () => {
  it('is exact up to the largest products and weights', () => {
    fc.assert(
      fc.property(
        rows(3),
        fc.array(fc.integer({ min: 1, max: 699_050 }), { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 1, max: 2_000_000 }),
        fc.option(fc.nat(2), { nil: undefined }),
        (all, weights, marginScaleMillionths, away) => {
          const rule = { weights, marginScaleMillionths };
          for (const { feeMicro, parts } of all) {
            const row = { feeMicro, parts: parts.map((part, index) => (index === away ? undefined : part)) };
            expect(contributionsTo(rule, row)).toEqual(plainly(rule, row));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives a model that is split into two that lie side by side what it got whole', () => {
    fc.assert(
      fc.property(rows(3), (all) => {
        const together = all.map(({ feeMicro, parts: [a, b, rest] }) => ({
          feeMicro,
          parts: [add(a!, b!), rest],
        }));
        // The sums of weights differ, and with them what the scale is a share of: 8 · .05 = 5 · .08.
        const halves = sumOfContributions({ weights: [3, 3, 2], marginScaleMillionths: 50_000 }, all);
        const [whole, rest] = sumOfContributions(
          { weights: [3, 2], marginScaleMillionths: 80_000 },
          together,
        );
        expect(closeTo(halves[0]! + halves[1]!, whole!)).toBe(true);
        expect(closeTo(halves[2]!, rest!)).toBe(true);
      }),
    );
  });

  it('add up to what the mixture is worth', () => {
    const small = fc.integer({ min: -(2 ** 29), max: 2 ** 29 });
    const part = fc.record({ own: fc.tuple(small, small), others: fc.tuple(small, small, small) });
    fc.assert(
      fc.property(part, part, (a, b) => {
        const rule = { weights: [2, 1], marginScaleMillionths: 50_000 };
        const sum = sumOfContributions(rule, [{ feeMicro: 1n, parts: [a, b] }]).reduce((x, y) => x + y);
        let worth = 0;
        for (const p of [0, 1])
          for (const o of [0, 1, 2]) {
            const margin = (2 * (a.own[p]! - a.others[o]!) + b.own[p]! - b.others[o]!) / (3 * 32_767 ** 2);
            worth += margin / (0.05 + Math.abs(margin)) / 6;
          }
        expect(Number(sum) / (2 ** 24 * 0.05 * 3 * 32_767 ** 2)).toBeCloseTo(worth, 2);
      }),
    );
  });

  it('leave the better part the larger share at any scale', () => {
    const best: DatumProducts = { own: [unit / 4], others: [unit / 8, -unit / 8] };
    const partner: DatumProducts = { own: [unit / 8], others: [unit / 4, unit / 8] };
    for (const marginScaleMillionths of [1, 1_000, 50_000, 1_000_000]) {
      const [one, other] = contributionsTo(
        { weights: [2, 1], marginScaleMillionths },
        { feeMicro: 1_000n, parts: [best, partner] },
      );
      expect(one).toBeGreaterThan(0n);
      expect(one).toBeGreaterThan(other! < 0n ? -other! : other!);
    }
  });

  it('adds nothing for a part that is away or says nothing, and takes from one that pulls the wrong way', () => {
    const right: DatumProducts = { own: [unit / 2], others: [0, unit / 4] };
    const silent: DatumProducts = { own: [7], others: [7, 7] };
    const wrong: DatumProducts = { own: [0], others: [unit / 8, unit / 8] };
    const rule = { weights: [2, 1, 1], marginScaleMillionths: 50_000 };
    const [gains, nothing, loses] = contributionsTo(rule, {
      feeMicro: 1_000n,
      parts: [right, silent, wrong],
    });
    expect(gains).toBeGreaterThan(0n);
    expect(nothing).toBe(0n);
    expect(loses).toBeLessThan(0n);
    const away = contributionsTo(rule, { feeMicro: 1_000n, parts: [right, undefined, undefined] });
    expect(away[0]).toBeGreaterThan(0n);
    expect(away.slice(1)).toEqual([0n, 0n]);
  });

  it('counts a datum by its fee, whatever the number of its pairs', () => {
    const rule = { weights: [1], marginScaleMillionths: 50_000 };
    const once: DatumProducts = { own: [300], others: [100] };
    const often: DatumProducts = { own: [300, 300, 300], others: Array.from({ length: 9 }, () => 100) };
    const of = (products: DatumProducts, feeMicro: bigint): bigint =>
      contributionsTo(rule, { feeMicro, parts: [products] })[0]!;
    expect(of(often, 5n)).toBe(of(once, 5n));
    expect(of(once, 10n)).toBe(2n * of(once, 5n));
  });

  it('is nothing of an exam without pairs or without anybody', () => {
    const rule = { weights: [1, 1], marginScaleMillionths: 50_000 };
    const empty: DatumProducts = { own: [1], others: [] };
    expect(contributionsTo(rule, { feeMicro: 5n, parts: [empty, empty] })).toEqual([0n, 0n]);
    expect(contributionsTo(rule, { feeMicro: 5n, parts: [undefined, undefined] })).toEqual([0n, 0n]);
    expect(sumOfContributions(rule, [])).toEqual([0n, 0n]);
  });
});

function add(a: DatumProducts, b: DatumProducts): DatumProducts {
  return {
    own: a.own.map((value, index) => value + b.own[index]!),
    others: a.others.map((value, index) => value + b.others[index]!),
  };
}

/** The same but for the rounding of each datum's mean. */
function closeTo(a: bigint, b: bigint): boolean {
  const difference = a - b;
  return difference < 20n && difference > -20n;
}
