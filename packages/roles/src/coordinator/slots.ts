import { MoeError } from '@market-of-experts/core';
import { type Caller, Turns } from './turns.ts';

interface SlotOptions {
  readonly signal?: AbortSignal;
  /** Tasks of one caller wait in line, those of several take turns; default: a caller of its own. */
  readonly caller?: Caller;
}

/** A bounded number of tasks at once, and a bounded queue behind them. */
export interface Slots {
  /** Runs the task when a slot is free. Rejects with `overloaded` when the queue is full, or when aborted. */
  run<Result>(task: () => Promise<Result>, options?: SlotOptions): Promise<Result>;
}

export function createSlots(maxRunning: number, maxQueued: number): Slots {
  let running = 0;
  const queue = new Turns<() => void>();
  const release = (): void => {
    const next = queue.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return {
    async run(task, { signal, caller = Symbol('alone') } = {}) {
      if (running < maxRunning) running += 1;
      else {
        if (queue.size >= maxQueued)
          throw new MoeError('overloaded', 'The market has too much to do. Try again in a moment.', {
            isRetryable: true,
          });
        await new Promise<void>((resolve, reject) => {
          const start = (): void => {
            signal?.removeEventListener('abort', abort);
            resolve();
          };
          const abort = (): void => {
            queue.delete(caller, start);
            reject(signal?.reason);
          };
          if (signal?.aborted) return reject(signal.reason);
          signal?.addEventListener('abort', abort, { once: true });
          queue.push(caller, start);
        });
      }
      try {
        signal?.throwIfAborted();
        return await task();
      } finally {
        release();
      }
    },
  };
}

/** Jobs that one process runs at once, and that wait: more would make experts late on the same few cores. */
export function jobSlots(): Slots {
  return createSlots(4, 8_192);
}
