import { getEventListeners } from 'node:events';
import { expect, it, vi } from 'vitest';
import { systemClock, systemRandom } from '../src/clock.ts';

it('a sleep ends with its signal and leaves no listener behind', async () => {
  const controller = new AbortController();
  const slept = systemClock.sleep(60_000, controller.signal);
  controller.abort(new Error('over'));
  await expect(slept).rejects.toThrow('over');
  await expect(systemClock.sleep(60_000, controller.signal)).rejects.toThrow('over');

  const other = new AbortController();
  await systemClock.sleep(0, other.signal);
  expect(getEventListeners(other.signal, 'abort')).toHaveLength(0);
});

it('a sleep is as long as it should be, also beyond what one timer takes', async () => {
  vi.useFakeTimers();
  try {
    const dayMs = 86_400_000;
    let isAwake = false;
    const slept = systemClock.sleep(60 * dayMs).then(() => {
      isAwake = true;
    });
    for (const days of [1, 24, 34]) {
      await vi.advanceTimersByTimeAsync(days * dayMs);
      expect(isAwake).toBe(false);
    }
    await vi.advanceTimersByTimeAsync(dayMs);
    expect(isAwake).toBe(true);
    await slept;
    // In any of its parts it can be given up.
    const controller = new AbortController();
    const long = systemClock.sleep(60 * dayMs, controller.signal);
    await vi.advanceTimersByTimeAsync(30 * dayMs);
    controller.abort(new Error('over'));
    await expect(long).rejects.toThrow('over');
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

it('random bytes have the length asked for, are never given twice and never zeroed afterwards', () => {
  const seen = new Set<string>();
  for (let count = 0; count < 2_000; count += 1) {
    const bytes = systemRandom.bytes(16 + (count % 300));
    expect(bytes).toHaveLength(16 + (count % 300));
    expect(bytes.some((byte) => byte !== 0)).toBe(true);
    seen.add(Buffer.from(bytes.subarray(0, 16)).toString('hex'));
  }
  expect(seen.size).toBe(2_000);
});
