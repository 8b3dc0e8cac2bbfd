import type { MoeError } from '@market-of-experts/core';

/**
 * An ordered, durable log of opaque entries, numbered from 0. The order comes from whatever is behind it: an
 * embedded store or a chain. Every adapter passes `logComplianceTests`.
 */
export interface Log {
  /**
   * Adds entries in order, all or none, and resolves with the index of the first once they would survive a
   * power cut. Concurrent calls are taken in the order in which they were made. The bytes are copied before
   * the call returns. Rejects with a `MoeError`: `log-closed`, `log-failed` (what was written is unknown: wait for
   * {@link Log.recovered} and look).
   */
  append(entries: readonly Uint8Array[]): Promise<number>;
  /** At most `limit` entries from `fromIndex` on; fewer at the end of the log, none beyond it. */
  read(fromIndex: number, limit: number): Promise<readonly Uint8Array[]>;
  /** Number of durable entries: the index of the next one. */
  head(): Promise<number>;
  /** Why nothing can be written now; undefined when all is well. */
  failure(): MoeError | undefined;
  /**
   * After a failed append: resolves once entries can be written again, at once if they can be now. `head` and `read` then
   * show what is durable. Rejects when the log is closed.
   */
  recovered(): Promise<void>;
  /** Waits for what is being written. Safe to call twice. */
  close(): Promise<void>;
}
