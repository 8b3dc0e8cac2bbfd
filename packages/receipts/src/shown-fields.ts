import type { NodeId } from '@market-of-experts/core';
import { certificateJson } from './certificate-json.ts';
import { orderOf } from './receipt-checks.ts';
import { receiptIdParts } from './receipt-id.ts';
import type { ShownRecord } from './text-privacy.ts';

type Json = Record<string, unknown>;

/** The plain fields of a receipt: all that is not evidence. They follow from the record, but for the names. */
export function shownFields(id: string, record: ShownRecord, nameOf: (node: NodeId) => string): Json {
  return {
    id,
    ...readable(record, receiptIdParts(id)?.item, nameOf),
    status: record.batch === undefined ? 'pending' : 'settled',
  };
}

function readable(record: ShownRecord, item: number | undefined, nameOf: (node: NodeId) => string): Json {
  const { proof, effects } = record;
  const common = {
    at: new Date(record.atMs).toISOString(),
    durationMs: record.durationMs,
    isTextPublic: record.isTextPublic,
    ...(record.preview === undefined ? {} : { preview: record.preview }),
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
    return { mode: 'shard', outcome: 'refunded', reason: proof.body.reason, feeMicro: '0', ...common };
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
  const [datum] = proof.data;
  const { winner, feeMicro } = body.data[datum!]!;
  return {
    mode: 'shard',
    outcome: winner === null ? 'refunded' : 'certified',
    job: body.job,
    datum,
    feeMicro: String(feeMicro),
    winner: winner === null ? null : nameOf(winner),
    names: Object.fromEntries(
      body.members.flatMap(({ principal, worker }) =>
        [principal, worker].map((node) => [node, nameOf(node)]),
      ),
    ),
    friends: body.members
      .filter(({ principal, worker }) => worker !== principal)
      .map(({ principal, worker, workerBps }) => ({
        principal: nameOf(principal),
        worker: nameOf(worker),
        workerBps,
      })),
    dataHash: orderOf(record)?.dataHash,
    certificate: certificateJson(proof.certificate),
    ...common,
  };
}
