import { decode, encode, isMoeError, type NodeId, verifyBodyAsync } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { cutDomain, type SealedJob } from '@market-of-experts/protocol';
import { assertList } from '../job/asked-question.ts';
import { openingBytes } from '../job/job-request.ts';
import { askingMs } from '../job/job-times.ts';
import { assertMayReveal } from '../job/reveal-question.ts';
import { refuse } from '../messages/messaging.ts';
import {
  arrivedMessageSchema,
  fullRequestSchema,
  type JobStage,
  protocols,
  revealRequestSchema,
  sealedRequestSchema,
} from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import { type ArrivalBook, principalOf } from './arrivals.ts';
import type { WitnessedJob } from './witnessed-jobs.ts';

/**
 * Proof of asking: before a witness says that a seat has not answered, it passes the coordinator's question on to it and
 * waits. So a coordinator that never asked an expert, or that asks for testimony at once, makes nobody late. An answer
 * becomes an arrival like any other. The result: seats that are alive and cannot be said to be missing, since they refused (a
 * question may be wrong in ways that a witness cannot see) or were not asked for.
 *
 * Rejects with `message-refused` for a question that is not the job's.
 */
export async function askMissing(
  transport: Transport,
  view: Pick<MarketView, 'validators' | 'isQuorum' | 'task'>,
  witnessed: WitnessedJob,
  stage: JobStage,
  asked: Uint8Array,
): Promise<ReadonlySet<NodeId>> {
  const { job, arrivals } = witnessed;
  const there = new Set(arrivals.of(stage).map(principalOf));
  const missing = seatsOf(job, arrivals, stage).filter((seat) => !there.has(seat));
  const excused = new Set<NodeId>();
  if (missing.length === 0) return excused;
  const seals = await sealsAskedFor(witnessed, view, stage, asked);
  const askOne = async (seat: NodeId, worker: NodeId): Promise<void> => {
    try {
      const timeoutMs = askingMs(stage, job.roster.parameters);
      const bytes = await transport.request(worker, protocols[stage], asked, { timeoutMs });
      arrivals.record(decode(bytes, arrivedMessageSchema), worker);
    } catch (error) {
      // Its second seal stands in the list: not to open it is not to answer.
      if (stage !== 'reveal' && isRefusal(error)) excused.add(seat);
    }
  };
  const asking: Promise<void>[] = [];
  for (const seat of missing) {
    const seal = lastSealOf(arrivals, seat, stage);
    if (seals !== undefined && seal !== undefined && !seals.includes(seal)) excused.add(seat);
    else for (const worker of workersOf(arrivals, seat)) asking.push(askOne(seat, worker));
  }
  await Promise.all(asking);
  return excused;
}

/** That an expert would not, which is not that it could not. */
function isRefusal(error: unknown): boolean {
  return isMoeError(error, 'handler-failed') && error.metadata.handlerCode === 'message-refused';
}

/** Who owes an answer at a stage: everybody drawn, then who has sealed the stage before. */
function seatsOf(job: SealedJob, arrivals: ArrivalBook, stage: JobStage): readonly NodeId[] {
  if (stage === 'sealed') return job.seats;
  const before = arrivals.of(stage === 'full' ? 'sealed' : 'full');
  return [...new Set(before.filter((message) => 'commit' in message).map(principalOf))];
}

/** The seat itself, or whoever has sealed in its name. */
function workersOf(arrivals: ArrivalBook, seat: NodeId): ReadonlySet<NodeId> {
  const workers = new Set<NodeId>();
  for (const message of arrivals.of('sealed'))
    if ('commit' in message && principalOf(message) === seat) workers.add(message.commit.body.worker);
  return workers.size > 0 ? workers : new Set([seat]);
}

/** The seal by which a seat is in the list that its question shows. */
function lastSealOf(arrivals: ArrivalBook, seat: NodeId, stage: JobStage): string | undefined {
  if (stage === 'sealed') return undefined;
  for (const message of arrivals.of(stage === 'full' ? 'sealed' : 'full'))
    if ('commit' in message && principalOf(message) === seat) return message.commit.body.seal;
  return undefined;
}

/** The list in a question; undefined in the first one, which has none. Throws for what is not a question of this job. */
async function sealsAskedFor(
  { job, cut: known }: WitnessedJob,
  view: Pick<MarketView, 'validators' | 'isQuorum' | 'task'>,
  stage: JobStage,
  asked: Uint8Array,
): Promise<readonly string[] | undefined> {
  if (stage === 'sealed') {
    const { first, positions, assignment: _, ...opening } = decode(asked, sealedRequestSchema);
    const isOfJob = Buffer.compare(encode(opening), openingBytes(job)) === 0;
    if (!isOfJob) refuse('The question is not of this job.');
    assertList('first', job, first.texts, positions, view.task);
    return undefined;
  }
  if (stage === 'reveal') {
    const { job: id, cut, ...question } = decode(asked, revealRequestSchema);
    if (id !== job.id || known === undefined || Buffer.compare(encode(cut), encode(known.cut)) !== 0)
      refuse('The question is not of this job.');
    // One that experts rightly refuse would make them guilty of not revealing.
    const lists = {
      cut: known.cut.body,
      first: known.commits[0]!.body.list,
      second: question.fullCommits[0]?.body.list ?? refuse('The question is not of this job.'),
    };
    await assertMayReveal(job, lists, question, job.coordinator, view);
    return question.fullCommits.map(({ body }) => body.seal);
  }
  const { job: id, cut, second } = decode(asked, fullRequestSchema);
  if (
    id !== job.id ||
    cut.body.job !== id ||
    cut.by !== job.coordinator ||
    !(await verifyBodyAsync(cutDomain, cut))
  )
    refuse('The question is not of this job.');
  assertList('second', job, second.texts, [], view.task);
  return cut.body.seals;
}
