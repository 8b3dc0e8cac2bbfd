import { type Clock, decode, type JobId, MoeError, type NodeId } from '@market-of-experts/core';
import {
  jobIdOf,
  type Roster,
  type SealedJob,
  type SealedStage,
  type Standings,
} from '@market-of-experts/protocol';
import { type JobOpening, openingBytes, openOrderedJob } from '../job/job-request.ts';
import type { RevealReasons } from '../job/reveal-question.ts';
import { refuse } from '../messages/messaging.ts';
import { type JobStage, jobOpeningSchema } from '../messages/protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { JobPen } from '../signing/job-pen.ts';
import type { MarketView } from '../view/market-view.ts';
import { type ArrivalBook, arrivalBook } from './arrivals.ts';
import type { TicketBook } from './ticket-book.ts';

/** A job that this validator was drawn to witness. */
export interface WitnessedJob {
  readonly job: SealedJob;
  readonly pen: JobPen;
  readonly arrivals: ArrivalBook;
  /** What was sealed before the cut, once its coordinator has had the job noted. */
  cut?: SealedStage;
  /** With what experts have explained their reveals, or other witnesses theirs, by who did: checked when it is needed. */
  readonly reasons: Map<NodeId, RevealReasons>;
  /** Where experts stood when the job was ordered; undefined when that is too long ago. */
  readonly standings: Standings | undefined;
  /** Since when work is known to be delivered, by the steady clock. */
  deliveredMs?: number;
  /** Whom this witness has said to be missing, at each stage. */
  readonly saidMissing: ReadonlyMap<JobStage, Set<NodeId>>;
  /** It has certified the job without its coordinator, and does so for it no more. */
  isCertifiedAlone: boolean;
  /**
   * Whether it has been listening since before the job began, to the one draw that there is of it: otherwise it cannot say who
   * did not answer.
   */
  isWhole: boolean;
}

/** The jobs that a witness knows: signed, paid for, drawn, each opened once for ever. */
export interface WitnessedJobs {
  known(job: JobId): WitnessedJob | undefined;
  /**
   * The job of an opening, whoever brings it. Rejects with `message-refused` for what is none or not this validator's to
   * witness, and with `signed-already` or `signed-past` where it may have said something of it before.
   */
  open(opening: JobOpening): Promise<WitnessedJob>;
  /** Takes note of an opening of a known job: two valid ones with different draws, and nobody is held to have been late. */
  compare(known: WitnessedJob, brought: Uint8Array): Promise<void>;
  /** A job whose work was delivered stays until then. */
  release(job: JobId): void;
  /** Whether a node is an expert of the present roster, or of one that a known job names. */
  isExpert(node: NodeId): boolean;
}

export interface WitnessedJobsInit {
  readonly signer: GuardedSigner;
  readonly view: MarketView;
  readonly clock: Clock;
  readonly tickets: (root: TicketBook['root'] | undefined) => TicketBook;
  /** Told when work is delivered; false if the job need not be kept for that. Default: none need. */
  readonly onDelivered?: ((witnessed: WitnessedJob) => boolean) | undefined;
}

export const maxOpeningBytes = 64 * 1024;
/** Beyond it the oldest job goes of the coordinator that has the most: a flood drives out itself. */
const maxJobs = 4_096;
/** Rosters whose experts are listened to, besides the present one. */
const maxRosters = 8;
const stages: readonly JobStage[] = ['sealed', 'full', 'reveal'];

export function witnessedJobs(init: WitnessedJobsInit): WitnessedJobs {
  const { signer, view, clock, tickets } = init;
  const jobs = new Map<JobId, WitnessedJob>();
  /** Those whose work is delivered: no flood drives them out. */
  const delivered = new Map<JobId, WitnessedJob>();
  const ofCoordinator = new Map<NodeId, Set<JobId>>();
  const opening = new Map<JobId, Promise<WitnessedJob>>();
  const rosters = new Map<Roster, ReadonlySet<NodeId>>();

  const expertsOf = (roster: Roster): ReadonlySet<NodeId> => {
    const known = rosters.get(roster);
    if (known !== undefined) return known;
    const nodes = new Set(roster.experts.map(({ node }) => node));
    rosters.set(roster, nodes);
    if (rosters.size > maxRosters) rosters.delete(rosters.keys().next().value!);
    return nodes;
  };
  const forget = (id: JobId): void => {
    const coordinator = jobs.get(id)?.job.coordinator;
    if (coordinator === undefined) return;
    const theirs = ofCoordinator.get(coordinator)!;
    jobs.delete(id);
    theirs.delete(id);
    if (theirs.size === 0) ofCoordinator.delete(coordinator);
  };
  const makeRoom = (): void => {
    for (const [id, { job }] of jobs) {
      if (job.deadlineMs + job.roster.parameters.maximumClockSkewMs > clock.nowMs()) break;
      forget(id);
    }
    if (jobs.size < maxJobs) return;
    let most: ReadonlySet<JobId> = new Set();
    for (const theirs of ofCoordinator.values()) if (theirs.size > most.size) most = theirs;
    forget(most.values().next().value!);
  };
  const openNew = async (brought: JobOpening): Promise<WitnessedJob> => {
    const job = await openOrderedJob(brought, { view, clock });
    const { roster, coordinator } = job;
    if (!job.draw.witnesses.includes(signer.node)) refuse('This validator is not a witness of the job.');
    const untilMs = job.deadlineMs + roster.parameters.maximumClockSkewMs;
    // A roster that names a list of tickets made since this validator started was made since then, and so was the job.
    const root = roster.validators.find(({ node }) => node === signer.node)?.ticketRoot;
    const isWhole = tickets(root).root === root;
    // Its certificate comes last: by then this is noted long since.
    const pen = signer.openJob(job.id, untilMs, { isUrgent: false });
    const onReveal = (): void => {
      witnessed.deliveredMs = clock.steadyMs();
      if (init.onDelivered?.(witnessed) !== true) return;
      forget(job.id);
      delivered.set(job.id, witnessed);
    };
    const witnessed: WitnessedJob = {
      job,
      pen,
      arrivals: arrivalBook(job, onReveal),
      standings: view.standingsAt(roster.batch),
      reasons: new Map(),
      saidMissing: new Map(stages.map((stage) => [stage, new Set()])),
      isWhole,
      isCertifiedAlone: false,
    };
    makeRoom();
    expertsOf(roster);
    jobs.set(job.id, witnessed);
    ofCoordinator.set(coordinator, (ofCoordinator.get(coordinator) ?? new Set()).add(job.id));
    return witnessed;
  };
  const known = (id: JobId): WitnessedJob | undefined => jobs.get(id) ?? delivered.get(id);
  return {
    known,
    release: (id) => void delivered.delete(id),
    open(brought) {
      const id = jobIdOf(brought.orders.map(({ body }) => body));
      const earlier = known(id);
      if (earlier !== undefined) return Promise.resolve(earlier);
      const underWay = opening.get(id);
      if (underWay !== undefined) return underWay;
      if (opening.size >= maxJobs)
        return Promise.reject(
          new MoeError('overloaded', 'This validator has too many jobs to look at.', { isRetryable: true }),
        );
      const opened = openNew(brought).finally(() => opening.delete(id));
      opening.set(id, opened);
      return opened;
    },
    async compare(witnessed, brought) {
      if (!witnessed.isWhole || Buffer.compare(openingBytes(witnessed.job), brought) === 0) return;
      const other = await openOrderedJob(decode(brought, jobOpeningSchema, maxOpeningBytes), { view, clock });
      if (other.id === witnessed.job.id && other.draw.seed !== witnessed.job.draw.seed)
        witnessed.isWhole = false;
    },
    isExpert: (node) =>
      expertsOf(view.current().roster).has(node) || [...rosters.values()].some((nodes) => nodes.has(node)),
  };
}
