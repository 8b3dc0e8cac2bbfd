/** Waits of tests end when what they wait for has happened, not when a quick machine would have been done. */
import { vi } from 'vitest';

const leastMs = 120_000;
const { waitFor } = vi;

vi.waitFor = (callback, options = {}) => {
  const given = typeof options === 'number' ? { timeout: options } : options;
  return waitFor(callback, { ...given, timeout: Math.max(leastMs, given.timeout ?? 0) });
};
