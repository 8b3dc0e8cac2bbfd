import { MoeError, messageOf } from '@market-of-experts/core';
import type { EmbeddedStore } from '../store/embedded-store.ts';
import { damagedStore } from '../store/store-table.ts';
import { tooManyPending } from './memory-receipts.ts';
import {
  defaultReceiptLimits,
  type ReceiptLimits,
  type ReceiptStore,
  type StoredReceipt,
} from './receipts.ts';

/**
 * Receipts in an embedded store: `receipts` maps an id to its number of arrival (8 bytes) and the bytes,
 * `receipt-order` and `receipt-pending` map numbers of arrival to ids. Closing leaves the store open.
 */
export function embeddedReceipts(
  store: EmbeddedStore,
  limits: ReceiptLimits = defaultReceiptLimits,
): ReceiptStore {
  const receipts = store.table<string>('receipts');
  const order = store.table<number>('receipt-order');
  const pending = store.table<number>('receipt-pending');
  let nextNumber = 0;
  let count = 0;
  let pendingCount = 0;
  const look = (): void => {
    const [last] = order.getKeys({ reverse: true, limit: 1 });
    nextNumber = last === undefined ? 0 : last + 1;
    count = order.getCount();
    pendingCount = pending.getCount();
  };
  look();
  // What a failed write had counted never came to be.
  store.onReopened(look);
  /** Admitted but not written yet, so that a burst cannot pass the limit. */
  let arriving = 0;
  let isClosed = false;
  const inFlight = new Set<Promise<unknown>>();
  const requireOpen = () => {
    if (isClosed) throw new MoeError('receipts-closed', 'The receipt store is closed.');
  };

  const write = async (change: () => void): Promise<void> => {
    const written = store.write(change);
    inFlight.add(written);
    try {
      await written;
    } catch (cause) {
      throw new MoeError('receipts-failed', `Receipts cannot be written. ${messageOf(cause)}`, {
        cause,
        isRetryable: true,
      });
    } finally {
      inFlight.delete(written);
    }
  };

  // The functions below run inside a write transaction, one after another, and see each other's changes.
  const putNow = (id: string, bytes: Uint8Array, isPending: boolean) => {
    const before = receipts.get(id);
    const number = before === undefined ? nextNumber++ : numberIn(before);
    const wasPending = before !== undefined && pending.get(number) !== undefined;
    receipts.put(id, numbered(number, bytes));
    if (before === undefined) {
      order.put(number, Buffer.from(id));
      count += 1;
    }
    if (isPending && !wasPending) {
      pending.put(number, Buffer.from(id));
      pendingCount += 1;
    } else if (!isPending && wasPending) forgetPending(number);
    prune();
  };
  const forgetPending = (number: number) => {
    pending.remove(number);
    pendingCount -= 1;
  };
  const prune = () => {
    if (count <= limits.maxReceipts) return;
    const doomed: number[] = [];
    for (const number of order.getKeys({})) {
      if (count - doomed.length <= limits.maxReceipts) break;
      if (pending.get(number) === undefined) doomed.push(number);
    }
    for (const number of doomed) {
      receipts.remove(order.get(number)!.toString());
      order.remove(number);
      count -= 1;
    }
  };
  const receiptOf = (idBytes: Buffer): StoredReceipt => {
    const id = idBytes.toString();
    const found = receipts.get(id);
    if (found === undefined) throw damagedStore(store.directory, `receipt ${id} is listed and missing`);
    return { id, bytes: withoutNumber(found) };
  };

  return {
    put: async (id, bytes, options) => {
      requireOpen();
      if (options.pending && pendingCount + arriving >= limits.maxPending)
        throw tooManyPending(limits.maxPending);
      const copy = bytes.slice();
      arriving += 1;
      let hasArrived = false;
      const arrived = (): void => {
        if (!hasArrived) arriving -= 1;
        hasArrived = true;
      };
      try {
        await write(() => {
          arrived();
          putNow(id, copy, options.pending);
        });
      } finally {
        arrived();
      }
    },
    get: async (id) => {
      requireOpen();
      const found = receipts.get(id);
      return found === undefined ? undefined : withoutNumber(found);
    },
    listPending: async (limit) => {
      requireOpen();
      return [...pending.getRange({ limit })].map(({ value }) => receiptOf(value));
    },
    pendingCount: () => pendingCount,
    markSettled: async (ids) => {
      requireOpen();
      await write(() => {
        for (const id of ids) {
          const found = receipts.get(id);
          if (found === undefined) continue;
          const number = numberIn(found);
          if (pending.get(number) !== undefined) forgetPending(number);
        }
        prune();
      });
    },
    recent: async (limit) => {
      requireOpen();
      return [...order.getRange({ reverse: true, limit })].map(({ value }) => receiptOf(value));
    },
    failure: () => store.failure(),
    close: async () => {
      isClosed = true;
      await Promise.allSettled(inFlight);
    },
  };
}

function numbered(number: number, bytes: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(8 + bytes.length);
  value.writeBigUInt64BE(BigInt(number));
  value.set(bytes, 8);
  return value;
}

function numberIn(value: Buffer): number {
  return Number(value.readBigUInt64BE());
}

function withoutNumber(value: Buffer): Uint8Array {
  return new Uint8Array(value.subarray(8));
}
