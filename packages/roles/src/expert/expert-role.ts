import {
  type Clock,
  encode,
  type Hash,
  type JobId,
  madeOnce,
  messageOf,
  type NodeId,
  plainText,
  type Random,
  verifyBodyAsync,
} from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  type Answer,
  type CertificateBody,
  type Commit,
  type Cut,
  cutDomain,
  type Decline,
  declineDomain,
  entryNames,
  type Grant,
  listHash,
  type SealedJob,
} from '@market-of-experts/protocol';
import { adviceOn } from '../calling/advice.ts';
import { callBook } from '../calling/call-book.ts';
import { faultBook } from '../calling/fault-book.ts';
import { type DecisionPolicy, thompsonPolicy } from '../calling/policy.ts';
import type { ClaimCounts } from '../calling/pricer.ts';
import { assertList } from '../job/asked-question.ts';
import {
  type FirstList,
  firstListOf,
  type JobRequest,
  openingBytes,
  openRequestedJob,
} from '../job/job-request.ts';
import { assertMayReveal, type RevealReasons } from '../job/reveal-question.ts';
import { refuse, serve } from '../messages/messaging.ts';
import {
  fullRequestSchema,
  protocols,
  revealRequestSchema,
  sealedRequestSchema,
} from '../messages/protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { TaskSkill } from '../tasks/task-skill.ts';
import type { MarketView } from '../view/market-view.ts';
import { noTimeReason } from '../view/pace.ts';
import type { PresenceBook } from '../view/presence.ts';
import { callFriends } from './call-friends.ts';
import { declineBook } from './decline-book.ts';
import { type JobInHand, jobMemory } from './job-memory.ts';
import { serveRouted } from './routed-role.ts';
import { sealing } from './sealing.ts';
import { serveClaims } from './serve-claims.ts';
import type { ExpertStatements } from './stated-answers.ts';
import { workload } from './workload.ts';

export interface ExpertInit {
  readonly signer: GuardedSigner;
  /** Jobs in hand at once; more are declined. */
  readonly maxJobs?: number;
  /** Whether to work or to call a friend; default {@link thompsonPolicy}. */
  readonly policy?: DecisionPolicy;
  /** What one text costs the expert to work on, as far as its decisions go; default 0. */
  readonly costMicro?: number;
  /** Claims that are looked at, at once; default 64. */
  readonly maxClaims?: number;
}

export interface ExpertComponents {
  readonly transport: Transport;
  readonly skill: TaskSkill;
  readonly view: MarketView;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the version under which it serves; without them nobody takes its answers for an edition. */
  readonly statements?: ExpertStatements;
  /** Where it says that it is here, and that it steps out of the draw for a while; default: nobody asks. */
  readonly presence?: Pick<PresenceBook, 'enter' | 'paused'>;
}

export interface ExpertRole {
  readonly id: NodeId;
  /** Claims won and refused since the last time that somebody asked. */
  takeClaimCounts(): Pick<ClaimCounts, 'won' | 'heldAlready'>;
  /** Takes in a certified job, from which the expert learns about itself. */
  observe(body: CertificateBody): void;
}

type SealedAnswer = { readonly commit: Commit; readonly grant?: Grant } | { readonly decline: Decline };

/**
 * Work outlives the request that began it: the same question may come again, on another connection, for the same
 * answer. It ends with the longest stage.
 */
function workSignal({ roster: { parameters } }: SealedJob): AbortSignal {
  return AbortSignal.timeout(Math.max(parameters.sealedDeadlineMs, parameters.fullDeadlineMs));
}

/** Each costs many signatures to check. Who asks rightly, another witness for one, is answered all the same. */
const maxWrongQuestions = 16;

/** A job is taken when it should be done within this part of its deadlines. */
const safePart = 0.75;

/**
 * The expert's side of a job: seal answers to the first list or call a friend to do it, then to the second, reveal. It serves
 * only jobs whose order, tickets and draw it has checked itself, each once and before its deadline, and never reveals
 * before it is sure to be judged and paid for it (`reveal-question.ts`).
 */
export function expertRole(init: ExpertInit): (components: ExpertComponents) => ExpertRole {
  return (components) => {
    const { signer } = init;
    const { transport, view, clock, random, presence } = components;
    const self = signer.node;
    const jobs = jobMemory(clock, init.maxJobs ?? 256, signer);
    const load = workload(components.skill, clock, () => presence?.paused(self));
    const seals = sealing(self, load.skill, random);
    const calls = callBook();
    const faults = faultBook(self);
    const policy = init.policy ?? thompsonPolicy;
    /** Messages may come twice: the same question gets the same answer, never a second seal. */
    const sealedAnswers = new WeakMap<JobInHand, () => Promise<SealedAnswer>>();
    const declines = declineBook();

    const uniform = (): number => {
      const [a, b, c, d] = random.bytes(4);
      return (a! + 256 * (b! + 256 * (c! + 256 * d!))) / 2 ** 32;
    };
    const notifyWitnesses = (
      { job }: { readonly job: SealedJob },
      said: unknown,
      reasons?: RevealReasons,
    ): void => {
      // With what opens the job: a witness keeps nothing of jobs that it does not know to be ordered and paid for.
      const opening = openingBytes(job);
      const bytes = encode({ job: job.id, opening, said, ...reasons });
      for (const witness of job.draw.witnesses) transport.notify(witness, protocols.arrived, bytes);
    };
    const decline = (job: SealedJob, reason: string): { readonly decline: Decline } => {
      // Nothing more comes to who has declined: the job is out of its hands.
      jobs.finish(job.id);
      const body = { job: job.id, principal: self, reason: plainText(reason, 200) };
      const answer = { decline: signer.sign(declineDomain, body) };
      notifyWitnesses({ job }, answer);
      return answer;
    };
    const mayDecline = (): boolean => declines.mayDecline(view.current().roster);

    /** Whether both lists will be done well before their deadlines, as fast as it has been lately. */
    const hasTimeFor = ({ roster: { parameters } }: SealedJob, { texts }: FirstList): boolean =>
      load.expectedMs(texts.length) <= safePart * parameters.sealedDeadlineMs &&
      load.expectedMs(view.task.mostEntries(parameters)) <= safePart * parameters.fullDeadlineMs;

    /** Where nothing can be said about the chances, it works: it has answered already. */
    const decide = (
      advice: Parameters<typeof adviceOn>[0],
      { job, first: { positions } }: JobInHand,
      first: Answer['first'],
    ): ReturnType<DecisionPolicy> => {
      try {
        return policy(adviceOn(advice, job, { first, positions }, uniform), uniform);
      } catch {
        return { kind: 'work', expectedMicro: 0 };
      }
    };

    /** Seals the first list, has a friend do it, or declines: who cannot answer says so rather than being late. */
    const answerSealed = async (
      state: JobInHand,
      request: JobRequest,
      signal: AbortSignal,
    ): Promise<SealedAnswer> => {
      const { job } = state;
      let first: Answer['first'];
      try {
        first = await seals.answerFirst(state, signal);
      } catch (error) {
        load.noteTrouble();
        return decline(job, messageOf(error));
      }
      if (job.draw.members.includes(self)) {
        const advice = { self, view, calls, faults, costMicro: init.costMicro ?? 0, mayDecline };
        const decision = decide(advice, state, first);
        if (decision.kind === 'decline') {
          declines.note(view.current().roster);
          return decline(job, decision.reason);
        }
        if (decision.kind === 'call') {
          const caller = { self, pen: state.pen, transport, clock, calls };
          const answer = await callFriends(caller, job, request, decision.friends, signal);
          if (answer !== undefined) {
            // Its own proof that it was on time, whatever its friend does.
            notifyWitnesses(state, answer);
            jobs.finish(job.id);
            return answer;
          }
        }
      }
      const commit = await seals.sealFirst(state, first);
      notifyWitnesses(state, { commit });
      return { commit };
    };

    serve(transport, protocols.sealed, sealedRequestSchema, async (request, from) => {
      const job = await openRequestedJob(request, components);
      assertAsker(job, from);
      if (!job.seats.includes(self)) refuse('This expert was not drawn for the job.');
      const first = firstListOf(request);
      const known = jobs.known(job.id);
      const answered = known === undefined ? undefined : sealedAnswers.get(known);
      if (known !== undefined && answered !== undefined) {
        if (known.first.list !== first.list || known.job.draw.seed !== job.draw.seed)
          refuse('This expert has answered the job already.');
        return answered();
      }
      if (jobs.wasServed(job.id)) refuse('This expert has answered the job already.');
      if (!jobs.hasRoom()) return decline(job, noTimeReason);
      if (!hasTimeFor(job, first)) {
        load.noteTrouble();
        return decline(job, noTimeReason);
      }
      const state = jobs.take(job, first, self);
      const answer = madeOnce(() => answerSealed(state, request, workSignal(job)));
      sealedAnswers.set(state, answer);
      return answer();
    });

    serve(transport, protocols.full, fullRequestSchema, async (request, from) => {
      const state = jobs.of(request.job);
      const { cut, second } = request;
      assertAsker(state.job, from);
      await assertOwnCut(state, cut);
      assertList('second', state.job, second.texts, [], view.task);
      const list = listHash(entryNames(second.texts, second.salt), state.first.assignment);
      state.full ??= {
        cut: cut.body,
        list,
        answer: madeOnce(() => answerFull(state, second.texts, list, workSignal(state.job))),
      };
      if (state.full.cut.seals.join() !== cut.body.seals.join())
        refuse('This expert has another cut of the job.');
      if (state.full.list !== list) refuse('This expert has another second list of the job.');
      return state.full.answer();
    });
    const answerFull = async (
      state: JobInHand,
      texts: readonly string[],
      list: Hash,
      signal: AbortSignal,
    ) => {
      const answer = { commit: await seals.sealSecond(state, texts, list, signal) };
      notifyWitnesses(state, answer);
      return answer;
    };

    serve(transport, protocols.reveal, revealRequestSchema, async (request, from) => {
      const state = jobs.of(request.job as JobId);
      assertAsker(state.job, from);
      if (from === state.job.coordinator && state.revealsUntilMs < clock.steadyMs())
        refuse('This expert has no part in the job any more.');
      const { revealed, full } = state;
      if (
        revealed === undefined ||
        full === undefined ||
        !request.fullCommits.some(({ body }) => body.seal === revealed.seal)
      )
        refuse("The list of commits does not hold this expert's second seal.");
      if (state.reasons === undefined) {
        const wrong = state.wrongQuestions.get(from) ?? 0;
        if (wrong >= maxWrongQuestions) refuse('This node has asked for the reveal wrongly too often.');
        state.wrongQuestions.set(from, wrong + 1);
        // It may have been shown another cut before: the one that is noted counts.
        await assertOwnCut(state, request.cut);
        const sealed = { cut: request.cut.body, first: state.first.list, second: full.list };
        await assertMayReveal(state.job, sealed, request, from, view);
        state.reasons ??= { notes: request.notes, question: request.question };
      }
      const answer = { reveal: revealed.reveal };
      // Each time: a witness that missed the first copy may be why the coordinator asks again.
      jobs.finish(state.job.id);
      notifyWitnesses(state, answer, state.reasons);
      return answer;
    });

    serveRouted(signer, { ...components, skill: load.skill });
    const claims = serveClaims({
      self,
      transport,
      view,
      clock,
      jobs,
      sealing: seals,
      notifyWitnesses,
      maxClaims: init.maxClaims ?? 64,
    });
    presence?.enter(self, load.isPaused);
    return { id: self, takeClaimCounts: claims.takeCounts, observe: faults.observe };
  };
}

/** That a cut is the coordinator's and holds the expert's first seal. Rejects with `message-refused`. */
async function assertOwnCut({ job, sealed }: JobInHand, cut: Cut): Promise<void> {
  if (cut.by !== job.coordinator || cut.body.job !== job.id)
    refuse('The cut is not from the coordinator of this job.');
  if (sealed === undefined || !cut.body.seals.includes(sealed.seal))
    refuse("The cut does not hold this expert's seal.");
  if (!(await verifyBodyAsync(cutDomain, cut))) refuse('The signature of the cut is not valid.');
}

/** A witness asks, too, before it says that an expert has not answered. */
function assertAsker({ coordinator, draw }: SealedJob, from: NodeId): void {
  if (from !== coordinator && !draw.witnesses.includes(from))
    refuse('Only the coordinator of an order and the witnesses of its job may ask.');
}
