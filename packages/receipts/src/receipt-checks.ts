import { encode } from '@market-of-experts/core';
import type { OrderBody } from '@market-of-experts/protocol';
import { z } from 'zod';
import type { ShownRecord } from './text-privacy.ts';

/** One thing that was recomputed, and whether it agrees with the receipt. */
export interface ReceiptCheck {
  readonly name: string;
  readonly ok: boolean;
  /** It could not be made from what the reader may see; `ok` then says nothing. */
  readonly isSkipped?: boolean;
  /** What was found, in a sentence. */
  readonly detail: string;
}

/** Says what was found; throws what is wrong. */
export type Examination = () => string | Promise<string>;
/** Runs one check and notes its outcome; false when it failed. */
export type Check = (name: string, examine: Examination) => Promise<boolean>;

/** Bytes by their SHA-256; rejects where there are none. */
export type FetchBlob = (hash: string) => Promise<Uint8Array>;

/** The parts of a receipt document that verification reads by name. */
export const documentSchema = z.looseObject({
  id: z.string(),
  record: z.base64(),
  settlement: z
    .object({ batch: z.int(), detail: z.base64().optional(), signed: z.base64().optional() })
    .optional(),
});
export type ReceiptDocument = z.infer<typeof documentSchema>;

/** A receipt as it is shown and as it was kept. */
export interface KnownReceipt {
  readonly document: ReceiptDocument;
  readonly record: ShownRecord;
}

/** The order that a receipt of a job is of; undefined where it names none. */
export function orderOf({
  proof,
  transcript,
  part,
}: Pick<ShownRecord, 'proof' | 'transcript' | 'part'>): OrderBody | undefined {
  if (proof.kind !== 'certificate') return undefined;
  return (transcript?.orders[proof.data[0]!] ?? part?.order)?.body;
}

/** Whether two values have the same canonical bytes. */
export function same(a: unknown, b: unknown): boolean {
  return Buffer.compare(encode(a), encode(b)) === 0;
}

export function expectSame(a: unknown, b: unknown, otherwise: string): void {
  expect(same(a, b), otherwise);
}

/** Throws the sentence unless the condition holds. */
export function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
