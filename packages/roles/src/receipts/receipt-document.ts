import type { Viewer } from '@market-of-experts/api/shown-text';
import type { Hash, NodeId } from '@market-of-experts/core';
import type { ReceiptStore } from '@market-of-experts/ledger';
import { type Edition, editionBytes, editionName } from '@market-of-experts/protocol';
import { editionReceiptParts, receiptIdParts } from '@market-of-experts/receipts/receipt-id';
import {
  decodeBatch,
  decodeRecord,
  decodeTranscript,
  encodeShownRecord,
  type ReceiptRecord,
  type RoutedItem,
  transcriptId,
} from '@market-of-experts/receipts/receipt-record';
import { shownFields } from '@market-of-experts/receipts/shown-fields';
import { recordFor, type ShownRecord } from '@market-of-experts/receipts/text-privacy';
import { batchId } from './kept-batch.ts';

/** Routed work whose tally is not kept yet. */
export interface OpenTally {
  readonly id: string;
  readonly worker: NodeId;
  readonly items: readonly RoutedItem[];
}

export interface ReceiptSources {
  readonly receipts: ReceiptStore;
  readonly nameOf: (node: NodeId) => string;
  readonly openSessions: () => readonly OpenTally[];
  /** An edition that was ever served here. */
  readonly editionOf: (hash: Hash) => Edition | undefined;
}

type Json = Record<string, unknown>;

/**
 * A receipt for people and programs. What people read stands in plain fields; `record` and `settlement` hold
 * the canonical bytes (base64) from which every one of them can be recomputed. Whoever did not pay gets it without the text,
 * which is represented by its salted hash, unless the text is public.
 */
export async function receiptDocument(
  id: string,
  viewer: Viewer,
  sources: ReceiptSources,
): Promise<Json | undefined> {
  const parts = receiptIdParts(id);
  if (parts === undefined) return editionDocument(id, viewer, sources);
  const { order, item } = parts;
  const bytes = await sources.receipts.get(order);
  // A text to which no part had anything to say has the edition alone.
  if (bytes === undefined)
    return openDocument(id, order, item, sources) ?? editionDocument(id, viewer, sources);
  const record = recordFor(viewer, await withTranscript(decodeRecord(bytes), sources.receipts));
  if (item !== undefined && record.items?.[item] === undefined) return undefined;
  return {
    ...shownFields(id, record, sources.nameOf),
    ...(await settlementOf(record, sources.receipts)),
    record: base64(encodeShownRecord(record)),
  };
}

/** Of a job its transcript, as long as it is kept. */
async function withTranscript(record: ReceiptRecord, receipts: ReceiptStore): Promise<ReceiptRecord> {
  if (record.proof.kind !== 'certificate') return record;
  const bytes = await receipts.get(transcriptId(record.proof.certificate.body.transcript));
  return bytes === undefined ? record : { ...record, transcript: decodeTranscript(bytes) };
}

/** The receipt of a text: the edition that served it, with the receipts of its parts, and of an exam. */
async function editionDocument(
  id: string,
  viewer: Viewer,
  sources: ReceiptSources,
): Promise<Json | undefined> {
  const named = editionReceiptParts(id);
  const edition = named && sources.editionOf(named.edition);
  if (named === undefined || edition === undefined) return undefined;
  const parts: Json[] = [];
  const unsigned: string[] = [];
  let exam: Json | undefined;
  for (const receipt of named.receipts) {
    const document = await receiptDocument(receipt, viewer, sources);
    if (document === undefined) unsigned.push(receipt);
    else if (receiptIdParts(receipt)?.item === undefined) exam = document;
    else parts.push(document);
  }
  const documents = exam === undefined ? parts : [...parts, exam];
  if (documents.length === 0 && named.receipts.length > 0) return undefined;
  const workers = new Set(parts.map(({ worker }) => (worker as { readonly id: string }).id));
  const statusOf = (status: string): boolean => documents.some((document) => document.status === status);
  return {
    id,
    mode: 'edition',
    edition: editionName(edition),
    status: statusOf('open') ? 'open' : statusOf('pending') ? 'pending' : 'settled',
    feeMicro: String(documents.reduce((sum, { feeMicro }) => sum + BigInt(String(feeMicro)), 0n)),
    missing: edition.parts
      .filter(({ node }) => !workers.has(node))
      .map(({ node }) => ({ id: node, name: sources.nameOf(node) })),
    parts,
    ...(exam === undefined ? {} : { exam }),
    // Their experts have not signed for the work, and were not paid.
    ...(unsigned.length === 0 ? {} : { unsigned }),
    editionRecord: base64(editionBytes(edition)),
  };
}

/** A routed request whose tally is not kept yet. */
function openDocument(
  id: string,
  session: string,
  item: number | undefined,
  sources: ReceiptSources,
): Json | undefined {
  const open = sources.openSessions().find((candidate) => candidate.id === session);
  const routed = item === undefined ? undefined : open?.items[item];
  if (open === undefined || routed === undefined) return undefined;
  return {
    id,
    mode: 'route',
    outcome: 'routed',
    status: 'open',
    worker: { id: open.worker, name: sources.nameOf(open.worker) },
    feeMicro: String(routed.feeMicro),
    dataHash: routed.dataHash,
    vectorHash: routed.vectorHash,
  };
}

async function settlementOf(record: ShownRecord, receipts: ReceiptStore): Promise<Json> {
  if (record.batch === undefined) return {};
  const bytes = await receipts.get(batchId(record.batch));
  if (bytes === undefined) return { settlement: { batch: record.batch } };
  const { detail, settlement } = decodeBatch(bytes);
  return { settlement: { batch: record.batch, detail: base64(detail), signed: base64(settlement) } };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
