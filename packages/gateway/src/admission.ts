import { MoeError } from '@market-of-experts/core';

/** Bounded concurrency with a bounded, fair queue in front of it. */
export interface Admission {
  /**
   * Resolves when there is room; every resolved call must be followed by one `leave`. Rejects with
   * `queue-full`, `overloaded` (waited too long) or `request-aborted`.
   */
  enter(signal: AbortSignal): Promise<void>;
  leave(): void;
  readonly active: number;
  readonly queued: number;
}

interface Waiting {
  admit(): void;
}

export function createAdmission(options: {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly queueTimeoutMs: number;
}): Admission {
  const queue = new Set<Waiting>();
  let active = 0;

  return {
    get active() {
      return active;
    },
    get queued() {
      return queue.size;
    },
    enter(signal) {
      if (signal.aborted) return Promise.reject(abortedError());
      if (active < options.maxConcurrent) {
        active += 1;
        return Promise.resolve();
      }
      if (queue.size >= options.maxQueued)
        return Promise.reject(
          new MoeError(
            'queue-full',
            `${active} requests are at work and ${queue.size} wait. Try again in a moment, or send fewer at once.`,
            { isRetryable: true },
          ),
        );
      return new Promise((resolve, reject) => {
        const finish = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          queue.delete(waiting);
        };
        const waiting: Waiting = {
          admit() {
            finish();
            active += 1;
            resolve();
          },
        };
        const onAbort = () => {
          finish();
          reject(abortedError());
        };
        const timer = setTimeout(() => {
          finish();
          reject(
            new MoeError(
              'overloaded',
              `The request waited ${options.queueTimeoutMs} ms for its turn. Try again in a moment.`,
              { isRetryable: true },
            ),
          );
        }, options.queueTimeoutMs);
        signal.addEventListener('abort', onAbort, { once: true });
        queue.add(waiting);
      });
    },
    leave() {
      active -= 1;
      // A set keeps the order of insertion: the first is the one that has waited longest.
      const [next] = queue;
      next?.admit();
    },
  };
}

function abortedError(): MoeError {
  return new MoeError('request-aborted', 'The client closed the connection before the answer was ready.');
}
