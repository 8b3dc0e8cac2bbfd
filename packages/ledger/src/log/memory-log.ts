import { MoeError } from '@market-of-experts/core';
import type { Log } from './log.ts';

/** A log that lives as long as the array behind it: for tests and simulations. */
export function memoryLog(entries: Uint8Array[] = []): Log {
  let isClosed = false;
  const requireOpen = () => {
    if (isClosed) throw new MoeError('log-closed', 'The log is closed.');
  };
  return {
    append: async (added) => {
      requireOpen();
      const first = entries.length;
      for (const entry of added) entries.push(entry.slice());
      return first;
    },
    read: async (fromIndex, limit) => {
      requireOpen();
      return entries.slice(fromIndex, fromIndex + limit);
    },
    head: async () => {
      requireOpen();
      return entries.length;
    },
    failure: () => undefined,
    recovered: async () => requireOpen(),
    close: async () => {
      isClosed = true;
    },
  };
}
