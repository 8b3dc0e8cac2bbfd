import { type ShownText, textFor, type Viewer } from '@market-of-experts/api/shown-text';
import type { ReceiptRecord } from './receipt-record.ts';

/** A record as it may be given to somebody: without the text, and the salts by which one could guess it, unless he may read it. */
export type ShownRecord = Omit<ReceiptRecord, 'preview' | 'salts'> & {
  readonly preview?: ShownText;
  readonly salts?: readonly Uint8Array[];
};

export function recordFor(viewer: Viewer, { preview, salts, ...record }: ReceiptRecord): ShownRecord {
  const { isTextPublic, effects } = record;
  const text = textFor(viewer, { owner: effects.client, isTextPublic, preview });
  return text === undefined ? record : { ...record, preview: text, salts };
}
