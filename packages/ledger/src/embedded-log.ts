import { MoeError, messageOf } from '@moe/core';
import type { EmbeddedStore } from './embedded-store.ts';
import type { Log } from './log.ts';

/** The log in an embedded store. Closing the log leaves the store open. */
export function embeddedLog(store: EmbeddedStore): Log {
  const entries = store.table<number>('log');
  const [last] = [...entries.getKeys({ reverse: true, limit: 1 })];
  let nextIndex = last === undefined ? 0 : last + 1;
  let durable = nextIndex;
  let isClosed = false;
  let failure: MoeError | undefined;
  const inFlight = new Set<Promise<unknown>>();
  const requireOpen = () => {
    if (isClosed) throw new MoeError('log-closed', 'The log is closed.');
  };

  return {
    append: async (added) => {
      requireOpen();
      if (failure !== undefined) throw failure;
      const first = nextIndex;
      const copies = added.map((entry) => Buffer.from(entry));
      nextIndex += copies.length;
      const written = store.write(() => {
        copies.forEach((entry, offset) => {
          entries.put(first + offset, entry);
        });
      });
      inFlight.add(written);
      try {
        await written;
      } catch (cause) {
        failure = new MoeError(
          'log-failed',
          `The ledger's log in ${store.directory} cannot be written: ${messageOf(cause)}. Check the disk, then start again.`,
          { cause },
        );
        throw failure;
      } finally {
        inFlight.delete(written);
      }
      durable = Math.max(durable, first + copies.length);
      return first;
    },
    read: async (fromIndex, limit) => {
      requireOpen();
      const end = Math.min(durable, fromIndex + limit);
      const found: Uint8Array[] = [];
      for (let index = fromIndex; index < end; index += 1) {
        const entry = entries.get(index);
        if (entry === undefined)
          throw new MoeError(
            'log-corrupt',
            `Entry ${index} of the ledger's log in ${store.directory} is missing.`,
            {
              metadata: { index },
            },
          );
        found.push(new Uint8Array(entry));
      }
      return found;
    },
    head: async () => {
      requireOpen();
      return durable;
    },
    close: async () => {
      isClosed = true;
      await Promise.allSettled(inFlight);
    },
  };
}
