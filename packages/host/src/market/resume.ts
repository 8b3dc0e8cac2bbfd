import { decode, type Hash, type MarketId } from '@market-of-experts/core';
import { type Ledger, type ReceiptStore, reconcilePending } from '@market-of-experts/ledger';
import { type Roster, rosterSchema } from '@market-of-experts/protocol';
import { decodeRecord, encodeRecord, rosterId } from '@market-of-experts/receipts/receipt-record';
import type { DecidedOrder } from '@market-of-experts/roles/coordinator/waiting-orders';
import { closingBatches } from '@market-of-experts/roles/view/ledger-settlements';

/** As many as the receipt store holds. */
const maxPending = 100_000;

/** What an earlier process left to do. */
export interface Unfinished {
  /** Decided orders that are not settled, oldest first. */
  readonly orders: readonly DecidedOrder[];
  /** Rosters that they name: whoever checks their proofs needs them. */
  readonly rosters: readonly Roster[];
}

/**
 * Takes up what an earlier process, ended at any moment, left in the receipt store: the ledger says which orders
 * are settled. Those whose records do not say so yet get the number of their batch.
 */
export async function resumeOrders(
  receipts: ReceiptStore,
  ledger: Ledger,
  market: MarketId,
): Promise<Unfinished> {
  await markBatches(receipts, ledger, market);
  const open = await reconcilePending(receipts, ledger, (bytes) => {
    const { client, clientSeq } = decodeRecord(bytes).effects;
    return { client, market, seq: clientSeq };
  });
  const orders = open.map(({ id, bytes }) => ({ id, record: decodeRecord(bytes) }));
  const hashes = new Set<Hash>();
  for (const { record } of orders) if (record.proof.kind !== 'void') hashes.add(record.proof.roster);
  const rosters: Roster[] = [];
  for (const hash of hashes) {
    const bytes = await receipts.get(rosterId(hash));
    if (bytes !== undefined) rosters.push(decode(bytes, rosterSchema));
  }
  return { orders, rosters };
}

/** A process that ended between a settlement, its own or another's, and the marking of its receipts left them without their batch. */
async function markBatches(receipts: ReceiptStore, ledger: Ledger, market: MarketId): Promise<void> {
  const unmarked = (await receipts.listPending(maxPending))
    .map(({ id, bytes }) => ({ id, record: decodeRecord(bytes) }))
    .filter(({ record: { effects } }) => effects.clientSeq < ledger.nextOrderSeq(effects.client, market));
  const batches = await closingBatches(
    ledger,
    market,
    unmarked.map(({ record }) => record.effects),
  );
  for (const [index, { id, record }] of unmarked.entries())
    await receipts.put(id, encodeRecord({ ...record, batch: batches[index]! }), { pending: false });
}
