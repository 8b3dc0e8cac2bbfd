import { type ShownText, textFor, type Viewer } from '@market-of-experts/api/shown-text';
import { certificateFor, isShared, type OwnPart, ownPartOf } from './own-part.ts';
import type { ReceiptRecord } from './receipt-record.ts';
import type { ShownProof } from './settlement-proof.ts';

/**
 * A record as it may be given to somebody: without the text, and the salts by which one could guess it, unless he may read it; of a job in
 * which other clients had orders without what is theirs.
 */
export type ShownRecord = Omit<ReceiptRecord, 'proof' | 'preview' | 'salts'> & {
  readonly proof: ShownProof;
  readonly preview?: ShownText;
  readonly salts?: readonly Uint8Array[];
  /** In place of a transcript that is not shown. */
  readonly part?: OwnPart;
};

export function recordFor(viewer: Viewer, record: ReceiptRecord): ShownRecord {
  const { preview, salts, entries, proof, transcript, ...rest } = record;
  const text = textFor(viewer, {
    owner: record.effects.client,
    isTextPublic: record.isTextPublic,
    preview,
  });
  const own =
    text === undefined ? {} : { preview: text, salts, ...(entries === undefined ? {} : { entries }) };
  if (proof.kind !== 'certificate' || !isShared(proof.certificate.body))
    return { ...rest, ...own, proof, ...(transcript === undefined ? {} : { transcript }) };
  const [datum] = proof.data;
  const certificate = certificateFor(proof.certificate, (other) => other === datum && text !== undefined);
  return {
    ...rest,
    ...own,
    proof: { ...proof, certificate },
    ...(transcript === undefined ? {} : { part: ownPartOf(transcript, datum!) }),
  };
}
