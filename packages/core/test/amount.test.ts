import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCredits, MAX_AMOUNT, parseCredits, shareBps } from '../src/amount.ts';
import { amountSchema } from '../src/ids.ts';

describe('amounts', () => {
  it('are read back exactly as they are written', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 18n - 1n), (amount) => {
        expect(parseCredits(formatCredits(amount))).toBe(amount);
      }),
    );
  });

  it('are written without trailing zeros, negative ones with a sign', () => {
    expect(formatCredits(1_250_000n)).toBe('1.25');
    expect(formatCredits(3_000_000n)).toBe('3');
    expect(formatCredits(-1n)).toBe('-0.000001');
  });

  it.each(['', '-1', '1.', '.5', '1.1234567', '1e6', '0x10', '1,5', '1234567890123', 'NaN', '１'])(
    'refuse %j with a sentence',
    (text) => {
      expect(() => parseCredits(text)).toThrow(/is not an amount of credits/);
    },
  );

  it('shares never add up to more than the whole, nor to less by more than rounding', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, MAX_AMOUNT), fc.integer({ min: 0, max: 10_000 }), (amount, bps) => {
        const sum = shareBps(amount, bps) + shareBps(amount, 10_000 - bps);
        expect(sum <= amount && sum >= amount - 1n).toBe(true);
      }),
    );
  });

  it('stay within their range when they come from outside', () => {
    expect(amountSchema.parse(5)).toBe(5n);
    expect(amountSchema.parse(MAX_AMOUNT)).toBe(MAX_AMOUNT);
    for (const wrong of [-1, -1n, MAX_AMOUNT + 1n, 1.5, Number.NaN, '1', null])
      expect(amountSchema.safeParse(wrong).success).toBe(false);
  });
});
