import { type Clock, systemClock } from '@market-of-experts/core';

export interface SteppedClock extends Clock {
  /** Lets so many milliseconds pass at once; who has slept long enough by then wakes. */
  advance(byMs: number): void;
}

/** The system's time, and whatever a test adds to it: for long waits beside work that takes real time. */
export function steppedClock(): SteppedClock {
  const sleepers = new Set<() => void>();
  let aheadMs = 0;
  const nowMs = (): number => systemClock.nowMs() + aheadMs;
  return {
    nowMs,
    steadyMs: () => systemClock.steadyMs() + aheadMs,
    advance(byMs) {
      aheadMs += byMs;
      for (const look of [...sleepers]) look();
    },
    async sleep(delayMs, signal) {
      const wakeMs = nowMs() + delayMs;
      for (let leftMs = delayMs; leftMs > 0; leftMs = wakeMs - nowMs()) {
        signal?.throwIfAborted();
        const stepped = new AbortController();
        const look = (): void => stepped.abort();
        sleepers.add(look);
        const either = signal === undefined ? stepped.signal : AbortSignal.any([signal, stepped.signal]);
        try {
          await systemClock.sleep(leftMs, either);
        } catch (error) {
          if (signal?.aborted) throw error;
        } finally {
          sleepers.delete(look);
        }
      }
    },
  };
}
