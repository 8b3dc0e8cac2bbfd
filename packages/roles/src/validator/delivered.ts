import type { Hash, NodeId } from '@market-of-experts/core';
import {
  type Commit,
  type NodeSignature,
  type OpenedQuestion,
  type Reveal,
  replaySealed,
  rosterHash,
  type SealedStage,
  type Transcript,
  verifySealedSignatures,
} from '@market-of-experts/protocol';
import { isAsked } from '../job/asked-question.ts';
import { hasEnoughSealed, isNoted } from '../job/reveal-question.ts';
import { refuse } from '../messages/messaging.ts';
import { arrivedMessageSchema } from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import { authorOf } from './arrivals.ts';
import type { WitnessedJob } from './witnessed-jobs.ts';

/** Second seals and reveals of those that are in a cut. */
export type Delivered = Pick<Transcript, 'fullCommits' | 'reveals'>;

/**
 * The second list that seals are about: that of more than half of those in the cut, since experts reveal for no other. Where there is
 * none, the one given. A coordinator that shows experts different lists has what most of them sealed judged, or nothing.
 */
function sharedList(
  fullCommits: Iterable<Commit>,
  inCut: number,
  otherwise: Hash | undefined,
): Hash | undefined {
  const counts = new Map<Hash, number>();
  for (const { body } of fullCommits) counts.set(body.list, (counts.get(body.list) ?? 0) + 1);
  for (const [list, count] of counts) if (2 * count > inCut) return list;
  return otherwise ?? [...counts.keys()].sort()[0];
}

/**
 * What a witness holds of the second and third stage, by seat: what belongs into any transcript with this cut, about the list that
 * most have sealed, or else this one.
 */
export function deliveredIn(
  { job, arrivals }: WitnessedJob,
  { commits }: Pick<SealedStage, 'commits'>,
  otherwise?: Hash,
): Delivered {
  const workers = new Map(commits.map(({ body }) => [body.principal, body.worker] as const));
  const fullCommits = new Map<NodeId, Commit>();
  for (const message of arrivals.of('full'))
    if ('commit' in message && workers.get(message.commit.body.principal) === message.commit.body.worker)
      fullCommits.set(message.commit.body.principal, message.commit);
  const list = sharedList(fullCommits.values(), commits.length, otherwise);
  for (const [seat, { body }] of fullCommits) if (body.list !== list) fullCommits.delete(seat);
  const reveals = new Map<NodeId, Reveal>();
  for (const message of arrivals.of('reveal'))
    if ('reveal' in message && workers.get(message.reveal.principal) === message.reveal.worker)
      if (fullCommits.has(message.reveal.principal)) reveals.set(message.reveal.principal, message.reveal);
  return {
    fullCommits: job.seats.flatMap((seat) => fullCommits.get(seat) ?? []),
    reveals: job.seats.flatMap((seat) => reveals.get(seat) ?? []),
  };
}

/**
 * Seats whose work a transcript leaves out although this witness holds it. Such a transcript would have work judged or paid as
 * if it had not been delivered.
 */
export function leftOut(
  witnessed: WitnessedJob,
  transcript: Pick<Transcript, 'commits' | 'fullCommits' | 'reveals'>,
  /** Whether those may be left out that this witness has told the coordinator to be missing. */
  isExcused: boolean,
): readonly NodeId[] {
  const held = deliveredIn(witnessed, transcript, transcript.fullCommits[0]?.body.list);
  const sealed = new Set(transcript.fullCommits.map(({ body }) => body.principal));
  const revealed = new Set(transcript.reveals.map(({ principal }) => principal));
  const mayLack = (stage: 'full' | 'reveal', seat: NodeId): boolean =>
    isExcused && witnessed.saidMissing.get(stage)!.has(seat);
  const unsealed = held.fullCommits
    .map(({ body }) => body.principal)
    .filter((seat) => !sealed.has(seat) && !mayLack('full', seat));
  // Where too few have sealed, no honest expert reveals: one that does all the same keeps nobody from ending the job.
  const isRevealed = hasEnoughSealed(witnessed.job, sealed, { seals: transcript.commits });
  const unrevealed = (isRevealed ? held.reveals : [])
    .map(({ principal }) => principal)
    .filter((seat) => sealed.has(seat) && !revealed.has(seat) && !mayLack('reveal', seat));
  return [...unsealed, ...unrevealed];
}

/**
 * Looks at all that was sealed before a cut, and keeps it; the first that was noted stands. Rejects with `message-refused` or
 * `bad-signature`.
 */
export async function takeStage(
  witnessed: WitnessedJob,
  stage: SealedStage,
  /** Whether there is no other cut of the job that experts would have revealed for. */
  isNoted: () => Promise<boolean>,
): Promise<void> {
  if (witnessed.cut === undefined) {
    replaySealed(witnessed.job, stage);
    await verifySealedSignatures(stage);
    if (!(await isNoted())) refuse('Too few validators have noted the job with this cut.');
    witnessed.cut ??= stage;
  }
  const { cut, commits, grants } = witnessed.cut;
  if (cut.body.seals.join() !== stage.cut.body.seals.join()) refuse('This job has another cut.');
  // A friend's later messages count only for who knows that it was called.
  for (const commit of commits) {
    const { principal, worker } = commit.body;
    const grant = grants.find(({ body: { claim } }) => claim.body.principal === principal);
    witnessed.arrivals.record(grant === undefined ? { commit } : { commit, grant }, worker);
  }
}

/** Takes in what another witness has passed on: signed by its authors, so it does not matter who brings it. */
export function takeMessages({ arrivals }: WitnessedJob, messages: readonly unknown[]): void {
  for (const each of messages) {
    const message = arrivedMessageSchema.safeParse(each).data;
    if (message === undefined || 'decline' in message) continue;
    if ('commit' in message && message.commit.body.stage === 'sealed') continue;
    arrivals.record(message, authorOf(message));
  }
}

/** Takes in what another witness knows of the question: it may be told from a wrong one. */
export function takeQuestion({ reasons }: WitnessedJob, from: NodeId, question: OpenedQuestion): void {
  if (!reasons.has(from)) reasons.set(from, { notes: [], question });
}

/**
 * The transcript of a job as its witnesses know it. Nobody is held to have been late: arrival records are made for the
 * coordinator alone.
 */
export function transcriptOf(
  { job }: WitnessedJob,
  { cut, commits, grants, declines }: SealedStage,
  { fullCommits, reveals }: Delivered,
  question: OpenedQuestion,
): Transcript {
  return {
    orders: job.orders,
    roster: rosterHash(job.roster),
    tickets: job.tickets,
    question,
    commits,
    grants,
    declines,
    cut,
    fullCommits,
    reveals,
    arrivals: [],
  };
}

/**
 * What experts have explained their reveals with, if a job is noted with this cut: there is no other then. For a witness whom the
 * coordinator has not shown it.
 */
export async function notesOfCut(
  view: Pick<MarketView, 'validators' | 'isQuorum'>,
  { job, reasons }: WitnessedJob,
  { cut }: Pick<SealedStage, 'cut'>,
): Promise<readonly NodeSignature[] | undefined> {
  for (const { notes } of reasons.values()) if (await isNoted(job, cut.body, notes, view)) return notes;
  return undefined;
}

/** The question that seals in a cut and after it are about, as experts were shown it; it needs nobody's word. */
export function questionOfCut(
  { task }: Pick<MarketView, 'task'>,
  { job, reasons }: WitnessedJob,
  { commits }: Pick<SealedStage, 'commits'>,
  { fullCommits }: Pick<Delivered, 'fullCommits'>,
): OpenedQuestion | undefined {
  const [first, second] = [commits[0]?.body.list, fullCommits[0]?.body.list];
  if (first === undefined || second === undefined) return undefined;
  for (const { question } of reasons.values())
    if (isAsked(question, { first, second }, job, task)) return question;
  return undefined;
}
