import type { MarketEvent } from '@market-of-experts/api/events';
import type { JobSummary } from '@market-of-experts/api/jobs';
import type { EventListener } from '@market-of-experts/api/market-service';
import { type OwnedText, textFor, type Viewer } from '@market-of-experts/api/shown-text';
import { type MarketId, messageOf, type NodeId } from '@market-of-experts/core';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { tallyGroups } from './tally-groups.ts';

const keptJobs = 200;

/** A job and whose text it was on. */
export interface OwnedJob {
  readonly job: Omit<JobSummary, 'preview'>;
  readonly text: OwnedText;
}

/** What happens in the markets; of a job with its text, which not everybody is told. */
type FeedEvent =
  | Exclude<MarketEvent, { readonly job: JobSummary }>
  | { readonly type: Extract<MarketEvent, { readonly job: JobSummary }>['type']; readonly job: OwnedJob };

/** The last jobs and everybody who wants to hear of the next. */
export interface JobFeed {
  publish(event: FeedEvent): void;
  subscribe(listener: EventListener): () => void;
  /** The last jobs, the latest first, as the viewer may see them. */
  recent(count: number, viewer: Viewer): readonly JobSummary[];
  remember(job: OwnedJob): void;
}

/** A listener that throws is warned about: what it is told of has happened, whatever it makes of it. */
export function createJobFeed(onWarning: (message: string) => void): JobFeed {
  const listeners = new Set<EventListener>();
  const jobs: OwnedJob[] = [];
  const grouped = tallyGroups();
  /** The latest first, also when markets are opened one after the other, each with jobs of an earlier process. */
  const remember = (remembered: OwnedJob): void => {
    const owned = grouped(remembered);
    const later = jobs.findIndex(({ job }) => job.atMs <= owned.job.atMs);
    jobs.splice(later < 0 ? jobs.length : later, 0, owned);
    if (jobs.length > keptJobs) jobs.pop();
  };
  return {
    publish(happened) {
      const event = 'job' in happened ? { ...happened, job: grouped(happened.job) } : happened;
      if ('job' in event) jobs.unshift(event.job);
      if (jobs.length > keptJobs) jobs.pop();
      const told = tellings(event);
      for (const listener of listeners)
        try {
          listener(told(undefined), told);
        } catch (error) {
          onWarning(`A listener failed on ${event.type}: ${messageOf(error)}`);
        }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    recent: (count, viewer) => jobs.slice(0, count).map((owned) => jobFor(viewer, owned)),
    remember,
  };
}

function jobFor(viewer: Viewer, { job, text }: OwnedJob): JobSummary {
  const preview = textFor(viewer, text);
  return preview === undefined ? job : { ...job, preview };
}

/** What each viewer is told: one object for all who see no more than everybody, and one for who does. */
function tellings(event: FeedEvent): (viewer: Viewer) => MarketEvent {
  if (!('job' in event)) return () => event;
  const { type, job: owned } = event;
  const { text } = owned;
  const toAll: MarketEvent = { type, job: jobFor(undefined, owned) };
  let toOwner: MarketEvent | undefined;
  return (viewer) => {
    if (viewer === undefined || text.isTextPublic || textFor(viewer, text) === undefined) return toAll;
    toOwner ??= { type, job: jobFor(viewer, owned) };
    return toOwner;
  };
}

/** What lists and logs show of an order. */
export function summaryOf(
  id: string,
  market: MarketId,
  record: ReceiptRecord,
  nameOf: (node: NodeId) => string,
): OwnedJob {
  const { isTextPublic, preview, effects } = record;
  return {
    job: jobOf(id, market, record, nameOf),
    text: { owner: effects.client, isTextPublic, preview },
  };
}

function jobOf(
  id: string,
  market: MarketId,
  record: ReceiptRecord,
  nameOf: (node: NodeId) => string,
): OwnedJob['job'] {
  const base = {
    receiptId: id,
    market,
    atMs: record.atMs,
    kind: record.kind,
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
      texts: body.requests,
    };
  }
  const { body } = proof.certificate;
  const datum = proof.data[0]!;
  const { winner, feeMicro } = body.data[datum]!;
  return {
    ...base,
    together: body.job,
    texts: body.data.length,
    mode: 'shard',
    outcome: winner === null ? 'refunded' : 'certified',
    place: body.place,
    members: body.members.map(({ losses, ...member }) => ({
      id: member.principal,
      name: nameOf(member.principal),
      ...(member.worker === member.principal
        ? {}
        : { friend: { id: member.worker, name: nameOf(member.worker), askBps: member.workerBps } }),
      probation: member.onProbation,
      ...lossOf(losses[datum]!),
      ...(member.outcome === 'scored' ? {} : { outcome: member.outcome }),
      ...(member.slashMicro + member.workerSlashMicro > 0n ? { slashed: true } : {}),
    })),
    ...(winner === null ? {} : { winner }),
    feeMicro,
  };
}

function lossOf(loss: readonly [number, number] | null): { readonly loss?: number } {
  return loss === null ? {} : { loss: loss[0] / loss[1] };
}

/** Tells of a decided order, and of those that it cost stake. */
export function publishRecord(
  feed: JobFeed,
  id: string,
  market: MarketId,
  record: ReceiptRecord,
  nameOf: (node: NodeId) => string,
): void {
  const owned = summaryOf(id, market, record, nameOf);
  const { job } = owned;
  const type =
    job.outcome === 'certified' ? 'job-certified' : job.outcome === 'routed' ? 'job-routed' : 'job-refunded';
  feed.publish({ type, job: owned });
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
