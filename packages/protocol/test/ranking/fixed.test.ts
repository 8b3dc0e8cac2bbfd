import fc from 'fast-check';
import { expect, test } from 'vitest';
import { divideFixed, fixedRatio, multiplyFixed, ONE } from '../../src/ranking/fixed.ts';
import { selectWeightedMedian } from '../../src/ranking/weighted-median.ts';

const fixed = fc.oneof(
  fc.integer({ min: 0, max: ONE }),
  fc.nat(1_000),
  fc.constantFrom(0, 1, ONE / 2, ONE - 1, ONE),
  // Many low zeros: products and quotients that are whole, or almost.
  fc.tuple(fc.nat(65_535), fc.nat(16)).map(([value, shift]) => value * 2 ** shift),
);

test('products and quotients round down exactly, as integers of any size would', () => {
  fc.assert(
    fc.property(fixed, fixed, fc.nat(256), (a, b, rows) => {
      expect(multiplyFixed(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
      const whole = Math.max(1, a, b) * (1 + rows);
      for (const part of [a, b, whole])
        expect(divideFixed(part, whole)).toBe(Number((BigInt(part) << 32n) / BigInt(whole)));
    }),
    { numRuns: 5_000 },
  );
});

test('quotients that miss a whole number by one part are rounded down', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 0, max: ONE }), (whole, quotient) => {
      // The largest part whose quotient is below `quotient`, and the next.
      const border = (BigInt(quotient) * BigInt(whole)) >> 32n;
      for (const part of [border, border + 1n].filter((value) => value <= BigInt(whole)))
        expect(divideFixed(Number(part), whole)).toBe(Number((part << 32n) / BigInt(whole)));
    }),
    { numRuns: 5_000 },
  );
});

test('ratios of small numbers are exact', () => {
  fc.assert(
    fc.property(fc.nat(65_535), fc.integer({ min: 1, max: 1e9 }), (part, whole) => {
      expect(fixedRatio(part, whole)).toBe(Number((BigInt(part) << 32n) / BigInt(whole)));
    }),
  );
});

test('the weighted median is that of a sorted list, for few and for many scores', () => {
  const votes = fc.array(fc.tuple(fc.oneof(fc.nat(5), fc.nat(1e9)), fc.nat(1_000)), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(votes, fc.nat(2_000), fc.integer({ min: -5, max: 200_000 }), (given, below, minority) => {
      const sorted = [...given].sort((a, b) => a[0] - b[0]);
      let passed = below;
      const found = sorted.find(([, share]) => {
        passed += share;
        return passed > minority;
      });
      const expected = (found ?? sorted.at(-1)!)[0];
      const scores = Float64Array.from(given, ([score]) => score);
      const stake = Float64Array.from(given, ([, share]) => share);
      expect(selectWeightedMedian(scores, stake, 0, given.length, below, minority)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});
