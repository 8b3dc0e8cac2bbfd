import { type MarketId, messageOf, type NodeId } from '@moe/core';
import type { JobSummary, MarketEvent } from '../market-service.ts';
import type { ReceiptRecord } from '../receipts/receipt-record.ts';

const keptJobs = 200;

/** The last jobs and everybody who wants to hear of the next. */
export interface JobFeed {
  publish(event: MarketEvent): void;
  subscribe(listener: (event: MarketEvent) => void): () => void;
  recent(): readonly JobSummary[];
  remember(job: JobSummary): void;
}

/** A listener that throws is warned about: what it is told of has happened, whatever it makes of it. */
export function createJobFeed(onWarning: (message: string) => void): JobFeed {
  const listeners = new Set<(event: MarketEvent) => void>();
  const jobs: JobSummary[] = [];
  /** The latest first, also when markets are opened one after the other, each with jobs of an earlier process. */
  const remember = (job: JobSummary): void => {
    const later = jobs.findIndex(({ atMs }) => atMs <= job.atMs);
    jobs.splice(later < 0 ? jobs.length : later, 0, job);
    if (jobs.length > keptJobs) jobs.pop();
  };
  return {
    publish(event) {
      if ('job' in event) jobs.unshift(event.job);
      if (jobs.length > keptJobs) jobs.pop();
      for (const listener of listeners)
        try {
          listener(event);
        } catch (error) {
          onWarning(`A listener failed on ${event.type}: ${messageOf(error)}`);
        }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    recent: () => jobs,
    remember,
  };
}

/** What lists and logs show of an order. */
export function summaryOf(
  id: string,
  market: MarketId,
  record: ReceiptRecord,
  nameOf: (node: NodeId) => string,
): JobSummary {
  const base = {
    receiptId: id,
    market,
    atMs: record.atMs,
    kind: record.kind,
    preview: record.preview,
    durationMs: record.durationMs,
  };
  const { proof } = record;
  if (proof.kind === 'void')
    return { ...base, mode: 'shard', outcome: 'refunded', members: [], feeMicro: 0n };
  if (proof.kind === 'tally') {
    const { body } = proof.tally.client;
    return {
      ...base,
      receiptId: `${id}-0`,
      mode: 'route',
      outcome: 'routed',
      members: [{ id: body.worker, name: nameOf(body.worker), probation: false }],
      winner: body.worker,
      feeMicro: body.feeMicro,
    };
  }
  const { body } = proof.certificate;
  return {
    ...base,
    mode: 'shard',
    outcome: body.winner === null ? 'refunded' : 'certified',
    place: body.place,
    members: body.members.map((member) => ({
      id: member.principal,
      name: nameOf(member.principal),
      ...(member.worker === member.principal
        ? {}
        : { friend: { id: member.worker, name: nameOf(member.worker), askBps: member.workerBps } }),
      probation: member.onProbation,
      ...(member.loss === null ? {} : { loss: member.loss[0] / member.loss[1] }),
      ...(member.outcome === 'scored' ? {} : { outcome: member.outcome }),
      ...(member.slashMicro + member.workerSlashMicro > 0n ? { slashed: true } : {}),
    })),
    ...(body.winner === null ? {} : { winner: body.winner }),
    feeMicro: body.feeMicro,
  };
}

/** Tells of a decided order, and of those that it cost stake. */
export function publishRecord(
  feed: JobFeed,
  id: string,
  market: MarketId,
  record: ReceiptRecord,
  nameOf: (node: NodeId) => string,
): void {
  const job = summaryOf(id, market, record, nameOf);
  const type =
    job.outcome === 'certified' ? 'job-certified' : job.outcome === 'routed' ? 'job-routed' : 'job-refunded';
  feed.publish({ type, job });
  for (const { node, amountMicro } of record.effects.slashes)
    feed.publish({
      type: 'expert-slashed',
      market,
      id: node,
      name: nameOf(node),
      reason:
        job.members.find(({ id: principal, friend }) => principal === node || friend?.id === node)?.outcome ??
        'unknown',
      amountMicro,
      receiptId: id,
    });
}
