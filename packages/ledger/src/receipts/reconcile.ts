import type { AccountId, MarketId } from '@market-of-experts/core';
import type { Ledger } from '../fold/ledger.ts';
import type { ReceiptStore, StoredReceipt } from './receipts.ts';

/** The order that a certificate answers. */
export interface SettledOrder {
  readonly client: AccountId;
  readonly market: MarketId;
  readonly seq: number;
}

/**
 * To be called after a restart: a process that died between a settlement and `markSettled` leaves receipts
 * pending whose orders the ledger has closed already. Marks those settled and returns what is still to settle,
 * oldest first (at most `limit`). A receipt for which `orderOf` gives undefined stays as it is.
 */
export async function reconcilePending(
  receipts: ReceiptStore,
  ledger: Pick<Ledger, 'nextOrderSeq'>,
  orderOf: (bytes: Uint8Array) => SettledOrder | undefined,
  limit = 100_000,
): Promise<readonly StoredReceipt[]> {
  const settled: string[] = [];
  const open: StoredReceipt[] = [];
  for (const receipt of await receipts.listPending(limit)) {
    const order = orderOf(receipt.bytes);
    if (order !== undefined && order.seq < ledger.nextOrderSeq(order.client, order.market))
      settled.push(receipt.id);
    else open.push(receipt);
  }
  if (settled.length > 0) await receipts.markSettled(settled);
  return open;
}
