import type { MoeError } from '@market-of-experts/core';

/**
 * Signed outcomes of jobs (certificates), kept until they are settled and then as receipts for clients. A
 * receipt is `pending` from the moment it is put until it is known to be settled on the ledger.
 */
export interface ReceiptStore {
  /**
   * Resolves once the receipt would survive a power cut. Putting an id again replaces its bytes and keeps its
   * place. Rejects with `overloaded` when too many receipts are pending, `receipts-closed`, `receipts-failed`
   * (retryable: the disk; whether it was written is unknown).
   */
  put(id: string, bytes: Uint8Array, options: { readonly pending: boolean }): Promise<void>;
  get(id: string): Promise<Uint8Array | undefined>;
  /** Pending receipts, oldest first. */
  listPending(limit: number): Promise<readonly StoredReceipt[]>;
  pendingCount(): number;
  /** The receipts stay readable but are no longer pending; ids that are not pending are passed over. */
  markSettled(ids: readonly string[]): Promise<void>;
  /** The latest receipts, newest first. */
  recent(limit: number): Promise<readonly StoredReceipt[]>;
  /** Why nothing can be written now; undefined when all is well. Adapters recover by themselves. */
  failure(): MoeError | undefined;
  close(): Promise<void>;
}

export interface StoredReceipt {
  readonly id: string;
  readonly bytes: Uint8Array;
}

export interface ReceiptLimits {
  /** Receipts kept; beyond it the oldest that are not pending are deleted. */
  readonly maxReceipts: number;
  /** Pending receipts accepted; beyond it `put` is refused, since a pending receipt is never deleted. */
  readonly maxPending: number;
}

export const defaultReceiptLimits: ReceiptLimits = { maxReceipts: 200_000, maxPending: 100_000 };
