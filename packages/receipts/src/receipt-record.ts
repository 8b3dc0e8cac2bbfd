import { bytesSchema, decode, encode, hashSchema, messageOf, nodeIdSchema } from '@market-of-experts/core';
import { otherFormat } from '@market-of-experts/core/files';
import {
  type Effects,
  effectsSchema,
  type OwnEntry,
  questionLimits,
  type Transcript,
  transcriptSchema,
} from '@market-of-experts/protocol';
import { z } from 'zod';
import { ownPartSchema } from './own-part.ts';
import { type SettlementProof, settlementProofSchema, shownProofSchema } from './settlement-proof.ts';
import type { ShownRecord } from './text-privacy.ts';

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
  /** Of a shard job; kept once for all of its orders, apart from their records ({@link transcriptId}). */
  readonly transcript?: Transcript;
  /** Of a shard job: where the order's own entries stand in its second list. */
  readonly entries?: readonly OwnEntry[];
  /** Of a tally, in order; the n-th has the receipt id `TALLY-n`. */
  readonly items?: readonly RoutedItem[];
  /** Of a shard job: from the request to the first seal, by worker. */
  readonly latenciesMs?: Readonly<Record<string, number>>;
  readonly atMs: number;
  readonly durationMs: number;
  readonly kind: 'client' | 'house';
  /** Whether everybody may read the text, or only who paid. */
  readonly isTextPublic: boolean;
  /** First characters of the text, which lists show to who may read it. */
  readonly preview: string;
  /** Salts of the data hashes: of an order in a shard job one, of a tally one for each request. */
  readonly salts: readonly Uint8Array[];
  /** Settlement that closed the order, once it has. */
  readonly batch?: number;
}

/** Form of {@link ReceiptRecord}. */
export const recordSchema = z.strictObject({
  proof: settlementProofSchema,
  effects: effectsSchema,
  entries: z
    .array(z.strictObject({ place: z.int().nonnegative(), salt: hashSchema }))
    .max(questionLimits.entries)
    .exactOptional(),
  items: z
    .array(
      z.strictObject({
        dataHash: hashSchema,
        vectorHash: hashSchema,
        bytes: z.int(),
        feeMicro: z.union([z.int(), z.bigint()]).transform(BigInt),
      }),
    )
    .exactOptional(),
  latenciesMs: z.record(nodeIdSchema, z.number()).exactOptional(),
  atMs: z.int(),
  durationMs: z.number(),
  kind: z.enum(['client', 'house']),
  isTextPublic: z.boolean(),
  preview: z.string(),
  salts: z.array(bytesSchema(32)).max(65_536),
  batch: z.int().nonnegative().exactOptional(),
});
const shownRecordSchema = recordSchema.extend({
  proof: shownProofSchema,
  transcript: transcriptSchema.exactOptional(),
  part: ownPartSchema.exactOptional(),
  preview: recordSchema.shape.preview.exactOptional(),
  salts: recordSchema.shape.salts.exactOptional(),
});

/** Bytes of a record as it is kept: without its transcript. */
export function encodeRecord({ transcript: _, ...record }: ReceiptRecord): Uint8Array {
  return encode(record);
}

/** What this node itself has kept, with a checksum: throws `other-format` where it cannot be decoded. */
export function decodeTranscript(bytes: Uint8Array): Transcript {
  try {
    return decode(bytes, transcriptSchema);
  } catch (cause) {
    throw otherFormat('A transcript of this data directory', messageOf(cause), cause);
  }
}

/** Bytes of a record as it is given out. */
export function encodeShownRecord(record: ShownRecord): Uint8Array {
  return encode(record);
}

export function decodeShownRecord(bytes: Uint8Array): ShownRecord {
  return decode(bytes, shownRecordSchema as unknown as z.ZodType<ShownRecord>);
}

/** What this node itself has kept, with a checksum: throws `other-format` where it cannot be decoded. */
export function decodeRecord(bytes: Uint8Array): ReceiptRecord {
  try {
    return decode(bytes, recordSchema as unknown as z.ZodType<ReceiptRecord>);
  } catch (cause) {
    throw otherFormat('A receipt of this data directory', messageOf(cause), cause);
  }
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

/** Where the transcript is kept that a certificate names. */
export function transcriptId(hash: string): string {
  return `transcript-${hash}`;
}

/** Where a roster that receipts refer to is kept. */
export function rosterId(hash: string): string {
  return `roster-${hash}`;
}
