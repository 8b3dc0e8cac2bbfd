import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertFeeCovered, basePricePerKilobyte, feeOf, splitFee } from '../../src/money/fees.ts';

const asks = (...pairs: [bigint, bigint][]) =>
  pairs.map(([askMicroPerKilobyte, stakeMicro]) => ({ askMicroPerKilobyte, stakeMicro }));

describe('base price', () => {
  it('is the ask at which two thirds of the stake would work', () => {
    expect(basePricePerKilobyte(asks([30n, 1n], [10n, 1n], [20n, 1n]))).toBe(20n);
    expect(basePricePerKilobyte(asks([10n, 1n], [20n, 1n]))).toBe(20n);
    expect(basePricePerKilobyte(asks([10n, 2n], [1_000n, 1n]))).toBe(10n);
    expect(basePricePerKilobyte([])).toBe(0n);
  });

  it('is somebody’s ask, and whoever has less than a third of the stake cannot raise it alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.bigInt(0n, 1_000n), fc.bigInt(1n, 1_000n)), { minLength: 1, maxLength: 12 }),
        (pairs) => {
          const price = basePricePerKilobyte(asks(...pairs));
          expect(pairs.some(([ask]) => ask === price)).toBe(true);
          const total = pairs.reduce((sum, [, stake]) => sum + stake, 0n);
          const greedy: [bigint, bigint] = [10n ** 9n, total / 3n];
          if (greedy[1] > 0n) expect(basePricePerKilobyte(asks(...pairs, greedy))).not.toBe(greedy[0]);
        },
      ),
    );
  });
});

describe('fees', () => {
  it('are rounded up to a micro-credit, and a tip comes on top', () => {
    expect(feeOf(1_024, 100n, 0n)).toBe(100n);
    expect(feeOf(1, 100n, 0n)).toBe(1n);
    expect(feeOf(1_025, 100n, 7n)).toBe(108n);
    expect(feeOf(500, 0n, 0n)).toBe(0n);
  });

  it('beyond what the client allows are refused with both numbers', () => {
    expect(() => assertFeeCovered(5n, 5n)).not.toThrow();
    expect(() => assertFeeCovered(6n, 5n)).toThrow(/costs 6 .* allows 5/);
  });

  it('are split without rest: market, worker and principal get exactly the whole', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 62n), fc.nat(10_000), fc.nat(10_000), (fee, marketBps, workerBps) => {
        const split = splitFee(fee, marketBps, workerBps);
        expect(split.marketMicro + split.workerMicro + split.principalMicro).toBe(fee);
        for (const part of Object.values(split)) expect(part >= 0n).toBe(true);
      }),
    );
  });
});
