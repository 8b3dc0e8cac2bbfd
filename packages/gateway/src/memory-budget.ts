import { MoeError } from '@market-of-experts/core';

/** Bounds what all requests that are queued or at work hold in memory together. */
export interface MemoryBudget {
  /** Returns what gives it back, to be called once. Throws `queue-full`. */
  take(bytes: number): () => void;
}

export function createMemoryBudget(maxBytes: number): MemoryBudget {
  let heldBytes = 0;
  return {
    take(bytes) {
      // One request alone is bounded by its body: it is never too large for good.
      if (heldBytes > 0 && heldBytes + bytes > maxBytes)
        throw new MoeError(
          'queue-full',
          'Too many large requests are at work. Try again in a moment, or send fewer texts at once.',
          { isRetryable: true },
        );
      heldBytes += bytes;
      return () => {
        heldBytes -= bytes;
      };
    },
  };
}
