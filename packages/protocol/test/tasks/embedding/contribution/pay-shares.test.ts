import { createHash } from 'node:crypto';
import type { NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payShares } from '../../../../src/tasks/embedding/contribution/pay-shares.ts';

const node = (index: number): NodeId => createHash('sha256').update(String(index)).digest('hex') as NodeId;
const of = (sums: readonly bigint[], cost = 0): number[] =>
  payShares(
    sums.map((added, index) => ({ node: node(index), weight: index + 1, added })),
    cost,
  ).map(({ millionths }) => millionths);

describe('pay shares', () => {
  it('add up to the whole for any sums and cost, and follow the sums', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(-(2n ** 120n), 2n ** 120n), { minLength: 1, maxLength: 8 }),
        fc.nat(100_000),
        (sums, cost) => {
          const shares = of(sums, cost);
          expect(shares.reduce((a, b) => a + b, 0)).toBe(1_000_000);
          for (const share of shares) expect(share).toBeGreaterThanOrEqual(0);
          if (sums.every((added) => added <= 0n)) return;
          for (const [a, added] of sums.entries()) {
            if (added <= 0n) expect(shares[a]).toBe(0);
            for (const [b, other] of sums.entries())
              if (added > other) expect(shares[a]).toBeGreaterThanOrEqual(shares[b]!);
          }
        },
      ),
    );
  });

  it('are in proportion, and a remainder goes to the largest, ties by node', () => {
    expect(of([3n, 1n])).toEqual([750_000, 250_000]);
    expect(of([5n, 5n, 5n]).filter((share) => share === 333_334)).toHaveLength(1);
    const lowest = [0, 1, 2].sort((a, b) => (node(a) < node(b) ? -1 : 1))[0]!;
    expect(of([5n, 5n, 5n])[lowest]).toBe(333_334);
  });

  it('charge each name for its encode, so that a second name costs', () => {
    expect(of([90n, 10n], 20_000)).toEqual([916_667, 83_333]);
    const whole = of([60n, 40n], 20_000)[0]!;
    const halves = of([30n, 30n, 40n], 20_000);
    expect(halves[0]! + halves[1]!).toBeLessThan(whole);
    expect(of([990n, 10n], 20_000)).toEqual([1_000_000, 0]);
  });

  it('follow the weights where nobody added anything', () => {
    expect(of([0n, -5n, 0n])).toEqual([166_667, 333_333, 500_000]);
  });
});
