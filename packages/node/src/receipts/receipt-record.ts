import { bytesSchema, decode, encode, hashSchema, nodeIdSchema } from '@moe/core';
import { type Effects, effectsSchema, type Transcript, transcriptSchema } from '@moe/protocol';
import { z } from 'zod';
import { type SettlementProof, settlementProofSchema } from '../validator/settlement-proof.ts';

/** One routed request inside a tally. */
export interface RoutedItem {
  readonly dataHash: string;
  readonly vectorHash: string;
  readonly bytes: number;
  readonly feeMicro: bigint;
}

/** What is kept of an order: enough to settle it, to show it and to verify it again. */
export interface ReceiptRecord {
  readonly proof: SettlementProof;
  readonly effects: Effects;
  /** Of a shard job. */
  readonly transcript?: Transcript;
  /** Of a tally, in order; the n-th has the receipt id `TALLY-n`. */
  readonly items?: readonly RoutedItem[];
  /** Of a shard job: from the request to the first seal, by worker. */
  readonly latenciesMs?: Readonly<Record<string, number>>;
  readonly atMs: number;
  readonly durationMs: number;
  readonly kind: 'client' | 'house';
  /** First characters of the text, shown in lists. */
  readonly preview: string;
  /** Settlement that closed the order, once it has. */
  readonly batch?: number;
}

/** Form of {@link ReceiptRecord}. */
export const recordSchema = z.strictObject({
  proof: settlementProofSchema,
  effects: effectsSchema,
  transcript: transcriptSchema.optional(),
  items: z
    .array(
      z.strictObject({
        dataHash: hashSchema,
        vectorHash: hashSchema,
        bytes: z.int(),
        feeMicro: z.union([z.int(), z.bigint()]).transform(BigInt),
      }),
    )
    .optional(),
  latenciesMs: z.record(nodeIdSchema, z.number()).optional(),
  atMs: z.int(),
  durationMs: z.number(),
  kind: z.enum(['client', 'house']),
  preview: z.string(),
  batch: z.int().nonnegative().optional(),
});

export function encodeRecord(record: ReceiptRecord): Uint8Array {
  return encode(record);
}

export function decodeRecord(bytes: Uint8Array): ReceiptRecord {
  return decode(bytes, recordSchema as unknown as z.ZodType<ReceiptRecord>);
}

/** A settled batch as it is kept: what was netted, and the orders behind it. */
export interface BatchRecord {
  readonly batch: number;
  /** Content of the settlement's root: the effects, in order. */
  readonly detail: Uint8Array;
  /** The signed settlement, as on the ledger. */
  readonly settlement: Uint8Array;
}

/** Form of {@link BatchRecord}. */
export const batchSchema = z.strictObject({
  batch: z.int(),
  detail: bytesSchema(16 * 1024 * 1024),
  settlement: bytesSchema(16 * 1024 * 1024),
});

export function encodeBatch(record: BatchRecord): Uint8Array {
  return encode(record);
}

export function decodeBatch(bytes: Uint8Array): BatchRecord {
  return decode(bytes, batchSchema);
}

/** Where a roster that receipts refer to is kept. */
export function rosterId(hash: string): string {
  return `roster-${hash}`;
}
