import { decode, type NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { arrivalDomain } from '@market-of-experts/protocol';
import { refuse, serve } from '../messages/messaging.ts';
import {
  arrivalsRequestSchema,
  arrivedNoticeSchema,
  type JobStage,
  jobOpeningSchema,
  protocols,
} from '../messages/protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { MarketView } from '../view/market-view.ts';
import { principalOf } from './arrivals.ts';
import { askMissing } from './ask-missing.ts';
import { maxOpeningBytes, type WitnessedJob, type WitnessedJobs } from './witnessed-jobs.ts';

/** A reveal of the largest answers, its opening, and what it was made for. */
const maxNoticeBytes = 1_280 * 1024;
/** Jobs that one expert's notices open at once: each costs some signatures to check. */
const maxOpeningsOfExpert = 16;

/**
 * Listens to the experts of jobs that this validator witnesses, so that no coordinator alone can make one late, and tells the
 * coordinator, under its signature, who has answered. Nobody else's notice takes any memory.
 */
export function serveArrivals(
  transport: Transport,
  signer: GuardedSigner,
  view: Pick<MarketView, 'validators' | 'isQuorum' | 'task'>,
  jobs: WitnessedJobs,
): void {
  const openings = new Map<NodeId, number>();

  const asking = new WeakMap<WitnessedJob, Map<JobStage, Promise<ReadonlySet<NodeId>>>>();

  /** Seats that are silent are asked once at each stage, however often the coordinator comes. */
  const askedOnce = (witnessed: WitnessedJob, stage: JobStage, asked: Uint8Array) => {
    const stages = asking.get(witnessed) ?? new Map<JobStage, Promise<ReadonlySet<NodeId>>>();
    asking.set(witnessed, stages);
    const known = stages.get(stage);
    if (known !== undefined) return known;
    const excused = askMissing(transport, view, witnessed, stage, asked);
    stages.set(stage, excused);
    // A wrong question is no question.
    excused.catch(() => stages.delete(stage));
    return excused;
  };

  const opened = async (bytes: Uint8Array): Promise<WitnessedJob> =>
    jobs.open(decode(bytes, jobOpeningSchema, maxOpeningBytes));

  /** Looks at an opening that an expert has brought: a few at a time. */
  const lookFor = async <Result>(from: NodeId, look: () => Promise<Result>): Promise<Result> => {
    const running = openings.get(from) ?? 0;
    if (running >= maxOpeningsOfExpert) refuse('This expert opens too many jobs at once.');
    openings.set(from, running + 1);
    try {
      return await look();
    } finally {
      if (openings.get(from) === 1) openings.delete(from);
      else openings.set(from, openings.get(from)! - 1);
    }
  };

  const take = async (bytes: Uint8Array, from: NodeId): Promise<void> => {
    if (!jobs.isExpert(from)) return;
    const { job, opening, said, notes, question } = decode(bytes, arrivedNoticeSchema, maxNoticeBytes);
    const witnessed = jobs.known(job) ?? (await lookFor(from, () => opened(opening)));
    witnessed.arrivals.record(said, from);
    const hasRevealed = (): boolean =>
      witnessed.arrivals
        .of('reveal')
        .some((message) => 'reveal' in message && message.reveal.worker === from);
    if (notes !== undefined && question !== undefined && !witnessed.reasons.has(from) && hasRevealed())
      witnessed.reasons.set(from, { notes, question });
    await lookFor(from, () => jobs.compare(witnessed, opening));
  };

  transport.onNotice(protocols.arrived, (bytes, { from }) => {
    // A malformed notice is no evidence of anything; its sender only harms himself.
    take(bytes, from).catch(() => undefined);
  });

  serve(
    transport,
    protocols.arrivals,
    arrivalsRequestSchema,
    async ({ job, stage, opening, asked }, from) => {
      const witnessed = jobs.known(job) ?? (await opened(opening));
      if (witnessed.job.id !== job) refuse('The opening is of another job.');
      if (from !== witnessed.job.coordinator)
        refuse('Only the coordinator of an order may ask who has answered.');
      if (!witnessed.isWhole)
        refuse('This validator has started since the job began: it cannot say who has not answered.');
      const excused = await askedOnce(witnessed, stage, asked);
      const messages = witnessed.arrivals.of(stage);
      const principals = [...new Set([...messages.map(principalOf), ...excused])];
      for (const seat of witnessed.job.seats)
        if (!principals.includes(seat)) witnessed.saidMissing.get(stage)!.add(seat);
      return { record: signer.sign(arrivalDomain, { job, stage, principals }), messages };
    },
  );
}
