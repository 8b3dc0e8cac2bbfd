import { BPS, type JobId, MoeError, type NodeId } from '@market-of-experts/core';
import { drawShard, jobSeed, type Roster, type ShardDraw, ticketValidators } from '../draw/shard.ts';
import { type Ticket, verifyTicket } from '../draw/tickets.ts';
import type { MarketParameters } from '../parameters/market-parameters.ts';
import type { TaskRules } from '../tasks/task.ts';
import { assertGrant, type Grant } from './claims.ts';
import { type Commit, type Decline, type Order, type Reveal, type Stage, sealOf } from './messages.ts';
import { type JobTerms, jobIdOf, jobTermsOf } from './orders.ts';
import type { OpenedQuestion } from './question.ts';

/**
 * The life of a job: sealed → full → reveal → closed. Every transition is a pure function from one typed state
 * to the next; it throws `MoeError('message-refused')` for a message that does not belong, and then nothing has
 * changed. Signatures are checked by the caller, beside other work (`verifyTranscriptSignatures`).
 */
interface JobBase extends JobTerms {
  readonly id: JobId;
  readonly orders: readonly Order[];
  readonly roster: Roster;
  readonly tickets: readonly Ticket[];
  readonly draw: ShardDraw;
  /** The sum of the fees: what its experts work for. */
  readonly feeMicro: bigint;
  /** Members and newcomers, in the order drawn: everyone who was asked. */
  readonly seats: readonly NodeId[];
}
interface Sealing extends JobBase {
  readonly commits: readonly Commit[];
  /** Of the commits whose worker is not their principal. */
  readonly grants: readonly Grant[];
  readonly declines: readonly Decline[];
}
interface Revealing extends Sealing {
  readonly fullCommits: readonly Commit[];
  readonly reveals: readonly Reveal[];
}
export interface SealedJob extends Sealing {
  readonly phase: 'sealed';
}
export interface FullJob extends Omit<Revealing, 'reveals'> {
  readonly phase: 'full';
}
export interface RevealJob extends Revealing {
  readonly phase: 'reveal';
}
export interface ClosedJob extends Revealing {
  readonly phase: 'closed';
}

function refuse(message: string): never {
  throw new MoeError('message-refused', message);
}

/** Opens a job: checks orders, fees and tickets against the roster and draws the shard. */
export function openJob(orders: readonly Order[], roster: Roster, tickets: readonly Ticket[]): SealedJob {
  const terms = jobTermsOf(orders, roster);
  const id = jobIdOf(orders.map(({ body }) => body));
  if (!areTicketsDue(roster, id, tickets))
    refuse('The tickets are not valid ones of the validators whose duty the job is.');
  const draw = drawShard(roster, jobSeed(roster.beacon, id, tickets));
  return beginJob({ id, orders, ...terms, roster, tickets, draw });
}

/** A job of which nothing has been said yet: of a draw that {@link openJob} made, or that stands for one in a simulation. */
export function beginJob(drawn: Omit<JobBase, 'seats' | 'feeMicro'>): SealedJob {
  const { draw, feesMicro } = drawn;
  return {
    phase: 'sealed',
    ...drawn,
    feeMicro: feesMicro.reduce((sum, feeMicro) => sum + feeMicro, 0n),
    seats: [...draw.members, ...draw.newcomers],
    commits: [],
    grants: [],
    declines: [],
  };
}

/** Whether the tickets are those that the job's seed is made from: of the validators on duty, in their order. */
export function areTicketsDue(roster: Roster, job: JobId, tickets: readonly Ticket[]): boolean {
  const duty = ticketValidators(roster, job);
  return (
    tickets.length === duty.length &&
    duty.every((validator, index) => {
      const root = roster.validators.find(({ node }) => node === validator)!.ticketRoot;
      return verifyTicket(tickets[index]!, { job, validator, root });
    })
  );
}

function assertCommit(job: JobBase, commit: Commit, stage: Stage, earlier: readonly Commit[]): void {
  const { body } = commit;
  if (body.job !== job.id || body.stage !== stage) refuse('The commit is for another job or stage.');
  if (commit.by !== body.worker) refuse('The commit is not signed by its worker.');
  if (!job.seats.includes(body.principal)) refuse('The commit is from a node that was not drawn.');
  if (earlier.some((other) => other.body.principal === body.principal))
    refuse('The principal has committed already; a second commit is equivocation.');
  if (earlier.some((other) => other.body.list !== body.list))
    refuse('The commit is about another list than the others.');
}

/** A worker other than the principal brings its grant. The first commit for a principal, and of a worker, stands. */
export function receiveCommit(job: SealedJob, commit: Commit, grant?: Grant): SealedJob {
  assertCommit(job, commit, 'sealed', job.commits);
  const { principal, worker } = commit.body;
  if (job.declines.some(({ body }) => body.principal === principal)) refuse('The principal has declined.');
  if (worker === principal) return { ...job, commits: [...job.commits, commit] };
  if (grant === undefined) refuse('A worker other than the principal needs a grant.');
  assertGrant(job, grant);
  const { claim } = grant.body;
  if (claim.body.principal !== principal || claim.body.worker !== worker)
    refuse('The grant is for another principal or worker.');
  if (job.commits.some(({ body }) => body.worker === worker))
    refuse('The worker works for another member of this job already.');
  return { ...job, commits: [...job.commits, commit], grants: [...job.grants, grant] };
}

export function receiveDecline(job: SealedJob, decline: Decline): SealedJob {
  const { principal } = decline.body;
  if (decline.body.job !== job.id || decline.by !== principal || !job.seats.includes(principal))
    refuse('The decline is not from a member of this job.');
  if ([...job.commits, ...job.declines].some(({ body }) => body.principal === principal))
    refuse('The principal has answered already.');
  return { ...job, declines: [...job.declines, decline] };
}

/** Whether the cut may be made: when all have answered, or (with a grace period) when the quorum has committed. */
export function sealedProgress(job: SealedJob): 'waiting' | 'quorum' | 'all' {
  if (job.commits.length + job.declines.length >= job.seats.length) return 'all';
  const paid = job.commits.filter(({ body }) => job.draw.members.includes(body.principal)).length;
  const declined = job.declines.filter(({ body }) => job.draw.members.includes(body.principal)).length;
  const needed = BigInt(job.draw.members.length - declined) * BigInt(job.roster.parameters.quorumBps);
  return BigInt(paid) * BPS >= needed && paid > 0 ? 'quorum' : 'waiting';
}

/** Ends the first stage. Throws `no-quorum` when too few paid members are left to judge one another. */
export function cutJob(job: SealedJob): FullJob {
  const paid = job.commits.filter(({ body }) => job.draw.members.includes(body.principal)).length;
  if (paid < job.roster.parameters.minimumScored)
    throw new MoeError(
      'no-quorum',
      `${paid} of ${job.draw.members.length} experts answered in time; ${job.roster.parameters.minimumScored} are needed. Nothing was charged. Try again.`,
      { isRetryable: true },
    );
  return { ...job, phase: 'full', fullCommits: [] };
}

export function receiveFullCommit(job: FullJob, commit: Commit): FullJob {
  assertCommit(job, commit, 'full', job.fullCommits);
  const { principal, worker } = commit.body;
  if (!job.commits.some(({ body }) => body.principal === principal && body.worker === worker))
    refuse('The principal and its worker are not in the cut.');
  return { ...job, fullCommits: [...job.fullCommits, commit] };
}

export function closeFull(job: FullJob): RevealJob {
  return { ...job, phase: 'reveal', reveals: [] };
}

export function receiveReveal(job: RevealJob, reveal: Reveal): RevealJob {
  if (reveal.job !== job.id) refuse('The reveal is for another job.');
  if (
    !job.fullCommits.some(({ body }) => body.principal === reveal.principal && body.worker === reveal.worker)
  )
    refuse('The reveal is from a node that did not commit.');
  if (job.reveals.some(({ principal }) => principal === reveal.principal))
    refuse('There is a reveal already.');
  return { ...job, reveals: [...job.reveals, reveal] };
}

export function closeReveal(job: RevealJob): ClosedJob {
  return { ...job, phase: 'closed' };
}

/** A member's answer, once its reveal has been found to open both of its seals; undefined otherwise, or where it is none. */
export function openReveal<Opened>(
  job: ClosedJob,
  reveal: Reveal,
  question: OpenedQuestion,
  task: TaskRules<MarketParameters, Opened>,
): Opened | undefined {
  const isSealed = (
    commits: readonly Commit[],
    answers: readonly Uint8Array[],
    salt: Uint8Array,
  ): boolean => {
    const commit = commits.find(({ body }) => body.principal === reveal.principal)?.body;
    return commit?.seal === (commit && sealOf(reveal, commit.list, answers, salt));
  };
  return isSealed(job.commits, reveal.first, reveal.firstSalt) &&
    isSealed(job.fullCommits, reveal.second, reveal.secondSalt)
    ? task.open(reveal, question, job.roster.parameters)
    : undefined;
}
