import {
  type Clock,
  type Hash,
  isMoeError,
  type JobId,
  MoeError,
  messageOf,
  type NodeId,
  plainText,
  verifyBodyAsync,
} from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  assertClaim,
  type Claim,
  type Commit,
  claimDomain,
  claimHash,
  type Grant,
  grantDomain,
  type PastClaim,
  publishedAsk,
  type Refusal,
  refusalDomain,
  type SealedJob,
} from '@market-of-experts/protocol';
import type { ClaimCounts } from '../calling/pricer.ts';
import { firstListOf, type JobRequest, openRequestedJob } from '../job/job-request.ts';
import { refuse, serve } from '../messages/messaging.ts';
import { claimRequestSchema, protocols } from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import type { JobInHand, JobMemory, JobPart } from './job-memory.ts';
import type { Sealing } from './sealing.ts';

export interface ClaimsInit {
  readonly self: NodeId;
  readonly transport: Transport;
  readonly view: MarketView;
  readonly clock: Clock;
  readonly jobs: JobMemory;
  readonly sealing: Sealing;
  readonly notifyWitnesses: (state: JobInHand, notice: unknown) => void;
  /** Claims under work at once; more get no answer yet. */
  readonly maxClaims: number;
}

export interface ServedClaims {
  /** Claims won and refused since the last time that somebody asked. */
  takeCounts(): Pick<ClaimCounts, 'won' | 'heldAlready'>;
}

type Granted = { readonly grant: Grant; readonly commit: Commit };
type ClaimAnswer = Granted | { readonly refusal: Refusal };
type ClaimRequest = JobRequest & { readonly claim: Claim; readonly past: readonly PastClaim[] };

interface Held {
  readonly principal: NodeId;
  readonly untilMs: number;
}

/** Claims of one job that get an answer: all that its members may make, and some more. */
const maxAnswers = 64;

/**
 * The friend's side of a call: first come, first served, one member at a time in each job. It checks the order and
 * the draw itself. A claim has one answer for ever, a grant with the first seal or a signed refusal, whatever happens and
 * however often it comes. What may be otherwise in a moment ("too many at once") is an error that nobody signed.
 */
export function serveClaims(init: ClaimsInit): ServedClaims {
  const { self, clock, jobs } = init;
  const held = new Map<JobId, Held>();
  /** Claims that are being looked at: the same one, sent again meanwhile, waits for the same answer. */
  const looking = new Map<Hash, Promise<ClaimAnswer>>();
  let won = 0;
  let heldAlready = 0;

  const refusal = async (
    { pen }: JobPart,
    claim: Claim,
    reason: string,
    heldBy: NodeId | null = null,
  ): Promise<{ refusal: Refusal }> => ({
    refusal: await pen.sign(refusalDomain, { claim: claimHash(claim.body), worker: self, heldBy, reason }),
  });

  const holderOf = (job: JobId): Held | undefined => {
    const holder = held.get(job);
    return holder !== undefined && holder.untilMs > clock.nowMs() ? holder : undefined;
  };

  const forgetExpired = (): void => {
    for (const [job, { untilMs }] of held) {
      if (untilMs > clock.nowMs()) break;
      held.delete(job);
    }
  };

  /** Works in the principal's place, under a grant that holds as long as the claim asked for. */
  const work = async (state: JobInHand, claim: Claim, untilMs: number, signal: AbortSignal) => {
    const askBps = publishedAsk(state.job.roster, self);
    const first = await init.sealing.answerFirst(state, signal);
    if (clock.nowMs() >= untilMs) refuse('The claim expired before the work was done.');
    const issuedMs = untilMs - claim.body.ttlMs;
    const grant = await state.pen.sign(grantDomain, { claim, askBps, issuedMs, expiresMs: untilMs });
    const commit = await init.sealing.sealFirst(state, first);
    init.notifyWitnesses(state, { commit, grant });
    return { grant, commit };
  };

  /** Decides at once, so that of two claims the first one is granted, and answers when the work is done. */
  const decide = (
    part: JobPart,
    job: SealedJob,
    { claim, ...request }: ClaimRequest,
  ): Promise<ClaimAnswer> => {
    const { principal, ttlMs, maxAskBps } = claim.body;
    if (maxAskBps < publishedAsk(job.roster, self)) return refusal(part, claim, 'This expert asks for more.');
    const holder = holderOf(job.id);
    if (holder !== undefined && holder.principal !== principal) {
      heldAlready += 1;
      return refusal(part, claim, 'Another member has called this expert.', holder.principal);
    }
    if (jobs.known(job.id) !== undefined || jobs.wasServed(job.id))
      return refusal(part, claim, 'This expert has had its part in the job.');
    if (!jobs.hasRoom()) return refusal(part, claim, 'This expert has too many jobs in hand.');
    const untilMs = clock.nowMs() + ttlMs;
    const state = jobs.take(job, firstListOf(request), principal);
    held.set(job.id, { principal, untilMs });
    won += 1;
    return work(state, claim, untilMs, AbortSignal.timeout(ttlMs)).catch((error: unknown) => {
      // No grant was signed, and none will be: the principal can go on at once.
      held.delete(job.id);
      return refusal(part, claim, isMoeError(error) ? plainText(messageOf(error), 200) : 'The model failed.');
    });
  };

  const look = async (request: ClaimRequest, hash: Hash): Promise<ClaimAnswer> => {
    const { claim, past } = request;
    if (!(await areSigned(claim, past))) refuse('A signature in the claim is not valid.');
    const job = await openRequestedJob(request, init);
    assertClaim(job, claim, past);
    if (claim.body.worker !== self) refuse('The claim is on another expert.');
    // Where it does not know any more what it has answered, it says nothing: a forgotten grant and a refusal would be perjury.
    const part = jobs.part(job);
    const known = part.answers.get(hash);
    if (known !== undefined) return known as Promise<ClaimAnswer>;
    if (part.answers.size >= maxAnswers)
      refuse('This expert has answered all claims of the job that it will.');
    const answer = decide(part, job, request);
    part.answers.set(hash, answer);
    return answer;
  };

  serve(init.transport, protocols.claim, claimRequestSchema, async (request, from) => {
    const { claim } = request;
    if (from !== claim.body.principal || claim.by !== from) refuse('A claim is brought by its principal.');
    forgetExpired();
    const hash = claimHash(claim.body);
    const underWay = looking.get(hash);
    if (underWay !== undefined) return underWay;
    if (looking.size >= init.maxClaims)
      throw new MoeError('overloaded', 'This expert has too many claims to look at.', { isRetryable: true });
    const answer = look(request, hash).finally(() => looking.delete(hash));
    looking.set(hash, answer);
    return answer;
  });

  return {
    takeCounts() {
      const counts = { won, heldAlready };
      won = 0;
      heldAlready = 0;
      return counts;
    },
  };
}

async function areSigned(claim: Claim, past: readonly PastClaim[]): Promise<boolean> {
  const valid = await Promise.all([
    verifyBodyAsync(claimDomain, claim),
    ...past.flatMap((earlier) => [
      verifyBodyAsync(claimDomain, earlier.claim),
      ...(earlier.refusal === undefined ? [] : [verifyBodyAsync(refusalDomain, earlier.refusal)]),
    ]),
  ]);
  return valid.every(Boolean);
}
