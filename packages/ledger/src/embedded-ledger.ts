import { join } from 'node:path';
import type { Ledger } from './fold/ledger.ts';
import { type OpenLedgerOptions, openLedger } from './fold/open-ledger.ts';
import { fileSnapshots } from './fold/snapshots.ts';
import { embeddedLog } from './log/embedded-log.ts';
import { embeddedReceipts } from './receipts/embedded-receipts.ts';
import type { ReceiptLimits, ReceiptStore } from './receipts/receipts.ts';
import { openStore } from './store/embedded-store.ts';

export interface EmbeddedLedger {
  readonly ledger: Ledger;
  readonly receipts: ReceiptStore;
  /** Closes both and frees the directory. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Ledger and receipts in one directory of this machine, for one process at a time. Survives `kill -9` and
 * power cuts. Throws what `openLedger` throws, `data-directory-in-use` and `data-directory-unusable`.
 */
export async function openEmbeddedLedger(
  options: Omit<OpenLedgerOptions, 'log' | 'snapshots'> & {
    readonly directory: string;
    readonly receiptLimits?: ReceiptLimits;
  },
): Promise<EmbeddedLedger> {
  const { directory, receiptLimits, ...rest } = options;
  const store = openStore(directory);
  try {
    const log = embeddedLog(store);
    const receipts = embeddedReceipts(store, receiptLimits);
    const snapshots = fileSnapshots(join(directory, 'snapshots'));
    const ledger = await openLedger({ ...rest, log, snapshots });
    const closeAll = async () => {
      try {
        await ledger.close();
      } finally {
        await receipts.close();
        await log.close();
        await store.close();
      }
    };
    let closing: Promise<void> | undefined;
    return {
      ledger,
      receipts,
      close: () => {
        closing ??= closeAll();
        return closing;
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
