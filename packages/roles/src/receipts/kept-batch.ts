import { decode, encode, type NodeId } from '@market-of-experts/core';
import type { ReceiptStore } from '@market-of-experts/ledger';
import { type SettlementBody, settlementBodySchema } from '@market-of-experts/protocol';
import { type BatchRecord, decodeBatch, encodeBatch } from '@market-of-experts/receipts/receipt-record';
import { z } from 'zod';

/** Where the content of a batch is kept: that of the gateway's own, or of what became of its number in the end. */
export function batchId(batch: number): string {
  return `batch-${batch}`;
}

/** Keeps what is about to be settled, before the ledger has it. What a validator standing in proposes has a place of its own. */
export async function keepBatch(
  receipts: ReceiptStore,
  { batch, gateway, by }: Pick<SettlementBody, 'batch' | 'gateway' | 'by'>,
  content: BatchRecord,
): Promise<void> {
  const id = by === gateway ? batchId(batch) : standInId(batch, by);
  await receipts.put(id, encodeBatch(content), { pending: false });
}

/**
 * The content of what the ledger settled under a number, where it is kept here: of several that were proposed, that one. From
 * then on it stands in the number's place. Undefined where it was settled elsewhere.
 */
export async function keptBatch(
  receipts: ReceiptStore,
  settlement: SettlementBody,
): Promise<BatchRecord | undefined> {
  const { batch, by } = settlement;
  for (const id of [batchId(batch), standInId(batch, by)]) {
    const bytes = await receipts.get(id);
    if (bytes === undefined) continue;
    const kept = decodeBatch(bytes);
    if (!isOf(kept, settlement)) continue;
    if (id !== batchId(batch)) await receipts.put(batchId(batch), bytes, { pending: false });
    return kept;
  }
  return undefined;
}

const signedSchema = z.looseObject({ settlement: settlementBodySchema });

function isOf(kept: BatchRecord, settlement: SettlementBody): boolean {
  return Buffer.compare(encode(decode(kept.settlement, signedSchema).settlement), encode(settlement)) === 0;
}

function standInId(batch: number, by: NodeId): string {
  return `batch-${batch}-${by}`;
}
