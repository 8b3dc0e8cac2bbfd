import { type Hash, type NodeId, verifyBodyAsync } from '@market-of-experts/core';
import {
  assertGrant,
  type Commit,
  type CutBody,
  claimDomain,
  commitDomain,
  type Grant,
  grantDomain,
  hasWitnessQuorum,
  type NodeSignature,
  noteOf,
  type OpenedQuestion,
  type SealedJob,
  signersOfNote,
} from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';
import type { MarketView } from '../view/market-view.ts';
import { isAsked, isSameQuestion, questionOf, type WholeQuestion } from './asked-question.ts';

/** What an expert is shown before it opens its seals. */
export interface RevealQuestion {
  readonly fullCommits: readonly Commit[];
  /** Of those whose worker is not their principal. */
  readonly grants: readonly Grant[];
  /** What validators say to the cut. */
  readonly notes: readonly NodeSignature[];
  /** What all of them have sealed answers to. */
  readonly question: OpenedQuestion;
  /** What it was made of. Whoever brings the question of another, as witnesses do, has no texts. */
  readonly whole?: WholeQuestion | undefined;
}

/** What an expert was shown before it revealed: whoever has it needs nobody's word for cut and question. */
export type RevealReasons = Pick<RevealQuestion, 'notes' | 'question'>;

type DrawnJob = Pick<SealedJob, 'id' | 'orders' | 'coordinator' | 'roster' | 'draw' | 'seats'>;

/**
 * Whether enough of those in the cut have sealed their whole work: more than half, and as many paid members as it takes to judge.
 * What fewer reveal is never scored and so never paid: a coordinator could show the text to one expert only, and have its answer
 * for nothing.
 */
export function hasEnoughSealed(
  { draw, roster }: Pick<DrawnJob, 'draw' | 'roster'>,
  principals: ReadonlySet<NodeId>,
  { seals }: { readonly seals: readonly unknown[] },
): boolean {
  const paid = draw.members.filter((node) => principals.has(node)).length;
  return paid >= roster.parameters.minimumScored && 2 * principals.size > seals.length;
}

/** Whether these are enough to note a job: two thirds of the stake, and of the job's witnesses. */
export function mayNote(
  signers: readonly NodeId[],
  { witnesses }: Pick<DrawnJob['draw'], 'witnesses'>,
  view: Pick<MarketView, 'isQuorum'>,
): boolean {
  return view.isQuorum(signers) && hasWitnessQuorum(signers, witnesses);
}

/** Whether enough validators have noted the job with this cut. */
export async function isNoted(
  { orders, draw }: Pick<DrawnJob, 'orders' | 'draw'>,
  cut: CutBody,
  notes: readonly NodeSignature[],
  view: Pick<MarketView, 'validators' | 'isQuorum'>,
): Promise<boolean> {
  // Others' would only be work.
  const counting = new Map(notes.map((note) => [note.node, note] as const));
  const known = view.validators().flatMap((node) => counting.get(node) ?? []);
  const signers = await signersOfNote(noteOf(orders, cut), known);
  return mayNote(signers, draw, view);
}

/** What an expert has sealed answers to, or a witness knows to be sealed. */
interface SealedLists {
  readonly cut: CutBody;
  readonly first: Hash;
  readonly second: Hash;
}

/**
 * Whether what an expert reveals will be judged and paid, whatever its clients and coordinator do then: enough others have sealed
 * answers to the same lists, and the orders' numbers can be declared void no more. A coordinator shows besides that the lists are
 * of the texts that were ordered, cut by the job's seed. Rejects with `message-refused`.
 */
export async function assertMayReveal(
  job: DrawnJob,
  { cut, ...lists }: SealedLists,
  { fullCommits, grants, notes, question, whole }: RevealQuestion,
  from: NodeId,
  view: Pick<MarketView, 'validators' | 'isQuorum' | 'task'>,
): Promise<void> {
  if (!isAsked(question, lists, job, view.task))
    refuse('The question is not the one that the seals are about.');
  if (whole === undefined && from === job.coordinator) refuse('The question comes without its data.');
  if (fullCommits.some(({ body }) => body.list !== lists.second))
    refuse('A second seal in the list is about another list.');
  const sealed = await Promise.all(fullCommits.map((commit) => isSealed(job, commit, grants)));
  if (sealed.includes(false)) refuse('A second seal in the list is not of this job, or not signed.');
  const principals = new Set(fullCommits.map(({ body }) => body.principal));
  if (!hasEnoughSealed(job, principals, cut))
    refuse('Too few experts have sealed their work: its answers could be had for nothing.');
  if (!(await isNoted(job, cut, notes, view)))
    refuse('Too few validators have noted the job: its answers could be had for nothing.');
  // Last, since it takes the longest.
  if (whole !== undefined && !isSameQuestion(question, questionOf(job, whole, view.task)))
    refuse('The lists were not cut from the data by the seed of the job.');
}

async function isSealed(job: DrawnJob, commit: Commit, grants: readonly Grant[]): Promise<boolean> {
  const { stage, principal, worker } = commit.body;
  if (commit.body.job !== job.id || stage !== 'full' || commit.by !== worker) return false;
  if (!job.seats.includes(principal)) return false;
  const isGranted =
    worker === principal ||
    (await isGrantedTo(
      job,
      grants.find(
        ({ body: { claim } }) => claim.body.principal === principal && claim.body.worker === worker,
      ),
    ));
  return isGranted && verifyBodyAsync(commitDomain, commit);
}

async function isGrantedTo(job: DrawnJob, grant: Grant | undefined): Promise<boolean> {
  if (grant === undefined) return false;
  try {
    assertGrant(job, grant);
  } catch {
    return false;
  }
  return (await verifyBodyAsync(grantDomain, grant)) && verifyBodyAsync(claimDomain, grant.body.claim);
}
