import { type NodeId, verifyBodyAsync } from '@market-of-experts/core';
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
  type SealedJob,
  signersOfNote,
} from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';
import type { MarketView } from '../view/market-view.ts';

/** What an expert is shown before it opens its seals. */
export interface RevealQuestion {
  readonly fullCommits: readonly Commit[];
  /** Of those whose worker is not their principal. */
  readonly grants: readonly Grant[];
  /** What validators say to the cut. */
  readonly notes: readonly NodeSignature[];
}

type DrawnJob = Pick<SealedJob, 'id' | 'orders' | 'roster' | 'draw' | 'seats'>;

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

/**
 * Whether what an expert reveals will be judged and paid, whatever its client and coordinator do then: enough others have sealed
 * their work, too, and the orders' numbers can be declared void no more. Rejects with `message-refused`.
 */
export async function assertMayReveal(
  job: DrawnJob,
  cut: CutBody,
  { fullCommits, grants, notes }: RevealQuestion,
  view: Pick<MarketView, 'validators' | 'isQuorum'>,
): Promise<void> {
  const sealed = await Promise.all(fullCommits.map((commit) => isSealed(job, commit, grants)));
  if (sealed.includes(false)) refuse('A second seal in the list is not of this job, or not signed.');
  const principals = new Set(fullCommits.map(({ body }) => body.principal));
  if (!hasEnoughSealed(job, principals, cut))
    refuse('Too few experts have sealed their work: its answers could be had for nothing.');
  if (!(await isNoted(job, cut, notes, view)))
    refuse('Too few validators have noted the job: its answers could be had for nothing.');
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
