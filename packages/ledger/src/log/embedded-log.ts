import { MoeError, messageOf } from '@market-of-experts/core';
import type { EmbeddedStore } from '../store/embedded-store.ts';
import { damagedStore } from '../store/store-table.ts';
import type { Log } from './log.ts';

/** The log in an embedded store. Closing the log leaves the store open. */
export function embeddedLog(store: EmbeddedStore): Log {
  const entries = store.table<number>('log');
  const lengthOnDisk = (): number => {
    const [last] = entries.getKeys({ reverse: true, limit: 1 });
    return last === undefined ? 0 : last + 1;
  };
  let durable = lengthOnDisk();
  let isClosed = false;
  const inFlight = new Set<Promise<unknown>>();
  const requireOpen = () => {
    if (isClosed) throw new MoeError('log-closed', 'The log is closed.');
  };
  store.onReopened(() => {
    durable = lengthOnDisk();
  });

  return {
    append: async (added) => {
      requireOpen();
      const copies = added.map((entry) => Buffer.from(entry));
      // The store takes one change after the other, and none after one that failed: there are no gaps.
      const written = store.write(() => {
        const first = lengthOnDisk();
        copies.forEach((entry, offset) => {
          entries.put(first + offset, entry);
        });
        return first;
      });
      inFlight.add(written);
      try {
        const first = await written;
        durable = Math.max(durable, first + copies.length);
        return first;
      } catch (cause) {
        throw new MoeError('log-failed', messageOf(cause), { cause, isRetryable: true });
      } finally {
        inFlight.delete(written);
      }
    },
    read: async (fromIndex, limit) => {
      requireOpen();
      const end = Math.min(durable, fromIndex + limit);
      const found: Uint8Array[] = [];
      for (let index = fromIndex; index < end; index += 1) {
        const entry = entries.get(index);
        if (entry === undefined) throw damagedStore(store.directory, `entry ${index} of its log is missing`);
        found.push(new Uint8Array(entry));
      }
      return found;
    },
    head: async () => {
      requireOpen();
      return durable;
    },
    failure: () => store.failure(),
    recovered: async () => {
      requireOpen();
      await store.recovered();
    },
    close: async () => {
      isClosed = true;
      await Promise.allSettled(inFlight);
    },
  };
}
