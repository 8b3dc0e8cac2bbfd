import { MoeError } from '@moe/core';

/** A bounded number of tasks at once, and a bounded queue behind them. */
export interface Slots {
  /** Runs the task when a slot is free. Rejects with `overloaded` when the queue is full, or when aborted. */
  run<Result>(task: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}

export function createSlots(maxRunning: number, maxQueued: number): Slots {
  let running = 0;
  const queue: (() => void)[] = [];
  const release = (): void => {
    const next = queue.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return {
    async run(task, signal) {
      if (running < maxRunning) running += 1;
      else {
        if (queue.length >= maxQueued)
          throw new MoeError('overloaded', 'The market has too much to do. Try again in a moment.', {
            isRetryable: true,
          });
        await new Promise<void>((resolve, reject) => {
          const start = (): void => {
            signal?.removeEventListener('abort', abort);
            resolve();
          };
          const abort = (): void => {
            queue.splice(queue.indexOf(start), 1);
            reject(signal?.reason);
          };
          if (signal?.aborted) return reject(signal.reason);
          signal?.addEventListener('abort', abort, { once: true });
          queue.push(start);
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
