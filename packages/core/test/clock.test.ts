import { getEventListeners } from 'node:events';
import { expect, it, vi } from 'vitest';
import { maximumTimerMs, systemClock, systemRandom } from '../src/clock.ts';

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

/** Timers of a day and more wait until they are told to fire; others, of whoever shares the process, go on. */
function heldTimers() {
  const held = new Map<unknown, { readonly ms: number; readonly fire: () => void }>();
  const { setTimeout: start, clearTimeout: clear } = globalThis;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((fire: () => void, ms = 0, ...rest: unknown[]) => {
    if (ms < dayMs) return start(fire, ms, ...rest);
    const timer = start(() => {}, 0);
    held.set(timer, { ms, fire });
    return timer;
  }) as typeof setTimeout);
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    held.delete(timer);
    clear(timer);
  });
  return {
    count: () => held.size,
    /** Lets the one that waits fire, and gives its time. */
    fire(): number {
      const [[timer, { ms, fire }]] = [...held] as [[unknown, { ms: number; fire: () => void }]];
      held.delete(timer);
      fire();
      return ms;
    },
  };
}
const dayMs = 86_400_000;

it('a sleep is as long as it should be, also beyond what one timer takes', async () => {
  const timers = heldTimers();
  try {
    let isAwake = false;
    const slept = systemClock.sleep(60 * dayMs).then(() => {
      isAwake = true;
    });
    const firstMs = timers.fire();
    const secondMs = timers.fire();
    await Promise.resolve();
    expect([timers.count(), isAwake]).toEqual([1, false]);
    const lastMs = timers.fire();
    await slept;
    expect(firstMs + secondMs + lastMs).toBe(60 * dayMs);
    expect(Math.max(firstMs, secondMs, lastMs)).toBeLessThanOrEqual(maximumTimerMs);
    // In any of its parts it can be given up.
    const controller = new AbortController();
    const long = systemClock.sleep(60 * dayMs, controller.signal);
    timers.fire();
    controller.abort(new Error('over'));
    await expect(long).rejects.toThrow('over');
    expect(timers.count()).toBe(0);
  } finally {
    vi.restoreAllMocks();
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
