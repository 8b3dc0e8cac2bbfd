import type { Hash, NodeId } from '@moe/core';
import type { ReceiptStore } from '@moe/ledger';
import type { RoutedSession } from '../coordinator/routed-session.ts';
import { batchId } from '../coordinator/settler.ts';
import { certificateJson } from './certificate-json.ts';
import { decodeBatch, decodeRecord, type ReceiptRecord } from './receipt-record.ts';

export interface ReceiptSources {
  readonly receipts: ReceiptStore;
  readonly nameOf: (node: NodeId) => string;
  readonly calibrationChunks: (node: NodeId) => readonly Hash[];
  readonly openSessions: () => readonly RoutedSession[];
}

type Json = Record<string, unknown>;

/**
 * A receipt for people and programs. What people read stands in plain fields; `record` and `settlement` hold
 * the canonical bytes (base64) from which every one of them can be recomputed.
 */
export async function receiptDocument(id: string, sources: ReceiptSources): Promise<Json | undefined> {
  const match = /^([0-9a-f]{64})(?:-(\d{1,6}))?$/.exec(id);
  if (match === null) return undefined;
  const bytes = await sources.receipts.get(match[1]!);
  const item = match[2] === undefined ? undefined : Number(match[2]);
  if (bytes === undefined) return openDocument(id, match[1]!, item, sources);
  const record = decodeRecord(bytes);
  if (item !== undefined && record.items?.[item] === undefined) return undefined;
  return {
    id,
    ...readable(record, item, sources.nameOf),
    status: record.batch === undefined ? 'pending' : 'settled',
    ...(await settlementOf(record, sources.receipts)),
    ...calibrationOf(record, sources),
    record: base64(bytes),
  };
}

/** A routed request whose tally is not closed yet. */
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

function readable(record: ReceiptRecord, item: number | undefined, nameOf: ReceiptSources['nameOf']): Json {
  const { proof, effects } = record;
  const common = {
    at: new Date(record.atMs).toISOString(),
    durationMs: record.durationMs,
    client: effects.client,
    clientSeq: effects.clientSeq,
    paid: effects.deltas.map(({ account, deltaMicro }) => ({ account, deltaMicro: String(deltaMicro) })),
    slashes: effects.slashes.map(({ node, amountMicro }) => ({
      id: node,
      name: nameOf(node),
      amountMicro: String(amountMicro),
    })),
  };
  if (proof.kind === 'void')
    return { mode: 'shard', outcome: 'refunded', reason: proof.signed.body.reason, feeMicro: '0', ...common };
  if (proof.kind === 'tally') {
    const { body } = proof.tally.client;
    const routed = item === undefined ? undefined : record.items?.[item];
    return {
      mode: 'route',
      outcome: 'routed',
      worker: { id: body.worker, name: nameOf(body.worker) },
      feeMicro: String(routed?.feeMicro ?? body.feeMicro),
      ...(routed === undefined ? {} : { dataHash: routed.dataHash, vectorHash: routed.vectorHash }),
      tally: { requests: body.requests, bytes: body.bytes, feeMicro: String(body.feeMicro) },
      ...common,
    };
  }
  const { body } = proof.certificate;
  return {
    mode: 'shard',
    outcome: body.winner === null ? 'refunded' : 'certified',
    feeMicro: String(body.feeMicro),
    winner: body.winner === null ? null : nameOf(body.winner),
    names: Object.fromEntries(body.members.map(({ principal }) => [principal, nameOf(principal)])),
    dataHash: record.transcript?.order.body.dataHash,
    certificate: certificateJson(proof.certificate),
    ...common,
  };
}

async function settlementOf(record: ReceiptRecord, receipts: ReceiptStore): Promise<Json> {
  if (record.batch === undefined) return {};
  const bytes = await receipts.get(batchId(record.batch));
  if (bytes === undefined) return { settlement: { batch: record.batch } };
  const { detail, settlement } = decodeBatch(bytes);
  return { settlement: { batch: record.batch, detail: base64(detail), signed: base64(settlement) } };
}

/** Where a verifier finds the calibration vectors that the score used. */
function calibrationOf(record: ReceiptRecord, sources: ReceiptSources): Json {
  if (record.proof.kind !== 'certificate') return {};
  const { members } = record.proof.certificate.body;
  return {
    calibration: Object.fromEntries(
      members.map(({ principal }) => [principal, sources.calibrationChunks(principal)]),
    ),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
