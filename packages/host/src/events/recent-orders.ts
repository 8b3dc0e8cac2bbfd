import type { ReceiptStore } from '@market-of-experts/ledger';
import { decodeRecord, type ReceiptRecord } from '@market-of-experts/receipts/receipt-record';

/** Orders of earlier processes that lists show; so many more are looked at when the history lacks them. */
const listedOrders = 100;
const caughtUpOrders = 1_000;

/** An order as an earlier process kept it. */
export interface KeptOrder {
  readonly id: string;
  readonly record: ReceiptRecord;
}

/** The last orders of earlier processes, oldest first: those to be listed, and those since `completeUntilMs`. */
export async function recentOrders(
  receipts: ReceiptStore,
  completeUntilMs: number,
): Promise<readonly KeptOrder[]> {
  const lately: KeptOrder[] = [];
  for (const { id, bytes } of await receipts.recent(caughtUpOrders)) {
    if (!/^[0-9a-f]{64}$/.test(id)) continue;
    const record = decodeRecord(bytes);
    if (lately.length >= listedOrders && record.atMs < completeUntilMs) break;
    lately.push({ id, record });
  }
  return lately.toReversed();
}
