/** Waits of tests end when what they wait for has happened, not when a quick machine would have been done. */
import { vi } from 'vitest';

const leastMs = 120_000;
const { waitFor } = vi;
const patient = Symbol.for('moe/patient-wait');

// This file runs before each test file of a process, and `vi` is one for all of them.
if (!(patient in waitFor)) {
  const waitLonger: typeof waitFor = (callback, options = {}) => {
    const given = typeof options === 'number' ? { timeout: options } : options;
    return waitFor(callback, { ...given, timeout: Math.max(leastMs, given.timeout ?? 0) });
  };
  vi.waitFor = Object.assign(waitLonger, { [patient]: true });
}
