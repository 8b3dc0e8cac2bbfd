import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPricer, nextAskBps } from '../../src/calling/pricer.ts';

describe('nextAskBps', () => {
  it('waits until enough was seen', () => {
    expect(nextAskBps(5_000, { won: 5, heldAlready: 5, lost: 5 }, defaultPricer)).toBeUndefined();
  });
  it('rises when more call than can be served, falls when others are called, and stays otherwise', () => {
    expect(nextAskBps(5_000, { won: 10, heldAlready: 10, lost: 0 }, defaultPricer)).toBe(5_500);
    expect(nextAskBps(5_000, { won: 2, heldAlready: 0, lost: 30 }, defaultPricer)).toBe(4_500);
    expect(nextAskBps(5_000, { won: 20, heldAlready: 1, lost: 5 }, defaultPricer)).toBe(5_000);
  });
  it('never leaves its limits', () => {
    const count = fc.nat(1_000);
    fc.assert(
      fc.property(
        fc.integer({ min: 500, max: 9_000 }),
        count,
        count,
        count,
        (ask, won, heldAlready, lost) => {
          const next = nextAskBps(ask, { won, heldAlready, lost }, defaultPricer) ?? ask;
          expect(next).toBeGreaterThanOrEqual(500);
          expect(next).toBeLessThanOrEqual(9_000);
        },
      ),
    );
  });
});
