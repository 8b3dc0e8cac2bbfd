import { MoeError } from '@market-of-experts/core';
import { defaultReceiptLimits, type ReceiptLimits, type ReceiptStore } from './receipts.ts';

/** What outlives a {@link memoryReceipts}: pass the same one again to "reopen" it. */
export type ReceiptMemory = Map<string, { bytes: Uint8Array; pending: boolean }>;

/** Receipts that live as long as the map behind them: for tests and simulations. */
export function memoryReceipts(
  receipts: ReceiptMemory = new Map(),
  limits: ReceiptLimits = defaultReceiptLimits,
): ReceiptStore {
  let isClosed = false;
  const requireOpen = () => {
    if (isClosed) throw new MoeError('receipts-closed', 'The receipt store is closed.');
  };
  const pending = () => [...receipts].filter(([, receipt]) => receipt.pending);
  const prune = () => {
    for (const [id, receipt] of receipts) {
      if (receipts.size <= limits.maxReceipts) return;
      if (!receipt.pending) receipts.delete(id);
    }
  };
  return {
    put: async (id, bytes, options) => {
      requireOpen();
      if (options.pending && pending().length >= limits.maxPending) throw tooManyPending(limits.maxPending);
      receipts.set(id, { bytes: bytes.slice(), pending: options.pending });
      prune();
    },
    get: async (id) => {
      requireOpen();
      return receipts.get(id)?.bytes;
    },
    listPending: async (limit) => {
      requireOpen();
      return pending()
        .slice(0, limit)
        .map(([id, { bytes }]) => ({ id, bytes }));
    },
    pendingCount: () => pending().length,
    markSettled: async (ids) => {
      requireOpen();
      for (const id of ids) {
        const receipt = receipts.get(id);
        if (receipt !== undefined) receipt.pending = false;
      }
      prune();
    },
    recent: async (limit) => {
      requireOpen();
      return [...receipts]
        .reverse()
        .slice(0, limit)
        .map(([id, { bytes }]) => ({ id, bytes }));
    },
    failure: () => undefined,
    close: async () => {
      isClosed = true;
    },
  };
}

export function tooManyPending(maxPending: number): MoeError {
  return new MoeError(
    'overloaded',
    `${maxPending} receipts wait for settlement, the most that are kept. Settle before serving more.`,
    { isRetryable: true },
  );
}
