import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRetryableStatus, retryPauseMs } from '../../src/openai/retry-policy.ts';

describe('retryPauseMs', () => {
  it('grows with the retries and is never longer than five seconds by itself', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.double({ min: 0, max: 0.999, noNaN: true }), (retry, random) => {
        const pauseMs = retryPauseMs(retry, random, undefined, 0);
        expect(pauseMs).toBeLessThanOrEqual(5_000);
        expect(pauseMs).toBeLessThanOrEqual(Math.ceil(100 * 2 ** retry));
        expect(retryPauseMs(retry + 1, random, undefined, 0)).toBeGreaterThanOrEqual(pauseMs);
      }),
    );
  });

  it('honours Retry-After as seconds and as a date', () => {
    const nowMs = Date.parse('2026-01-01T00:00:00Z');
    expect(retryPauseMs(0, 0, '7', nowMs)).toBe(7_000);
    expect(retryPauseMs(0, 0, 'Thu, 01 Jan 2026 00:00:09 GMT', nowMs)).toBe(9_000);
    expect(retryPauseMs(0, 0, 'Wed, 31 Dec 2025 00:00:00 GMT', nowMs)).toBe(0);
    expect(retryPauseMs(0, 0, 'soon', nowMs)).toBe(0);
  });
});

describe('isRetryableStatus', () => {
  it('knows what may pass', () => {
    expect([408, 429, 500, 503].every(isRetryableStatus)).toBe(true);
    expect([400, 401, 404, 413].some(isRetryableStatus)).toBe(false);
  });
});
