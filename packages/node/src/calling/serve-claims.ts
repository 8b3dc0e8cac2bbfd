import {
  type Clock,
  isMoeError,
  type JobId,
  type KeyPair,
  messageOf,
  type NodeId,
  signBody,
  verifyBodyAsync,
} from '@moe/core';
import type { Transport } from '@moe/network';
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
} from '@moe/protocol';
import type { JobInHand, JobMemory } from '../expert/job-memory.ts';
import { type JobRequest, openRequestedJob } from '../expert/job-request.ts';
import type { Sealing } from '../expert/sealing.ts';
import type { MarketView } from '../market/market-view.ts';
import { refuse, serve } from '../market/messaging.ts';
import { claimRequestSchema, protocols } from '../protocols.ts';
import type { ClaimCounts } from './pricer.ts';

export interface ClaimsInit {
  readonly keys: KeyPair;
  readonly transport: Transport;
  readonly view: MarketView;
  readonly clock: Clock;
  readonly jobs: JobMemory;
  readonly sealing: Sealing;
  readonly notifyWitnesses: (state: JobInHand, notice: unknown) => void;
  /**
   * Until then all claims are refused: after a crash an expert does not know what it has granted, and a grant
   * that overlaps a forgotten one would be equivocation.
   */
  readonly quietUntilMs: number;
  /** Claims under work at once; more are refused. */
  readonly maxClaims: number;
}

export interface ServedClaims {
  /** Claims won and refused since the last time that somebody asked. */
  takeCounts(): Pick<ClaimCounts, 'won' | 'heldAlready'>;
}

interface Held {
  readonly principal: NodeId;
  readonly untilMs: number;
  readonly answer: Promise<{ readonly grant: Grant; readonly commit: Commit }>;
}

/**
 * The friend's side of a call: first come, first served, one member at a time in each job. It checks the order and
 * the draw itself, refuses at once and under its signature, and otherwise answers with its grant and the first seal.
 * Throughout, at most `maxClaims` claims are looked at: a storm costs each of the others one signature.
 */
export function serveClaims(init: ClaimsInit): ServedClaims {
  const { keys, clock, jobs } = init;
  const self = keys.publicKey as NodeId;
  const held = new Map<JobId, Held>();
  let working = 0;
  let won = 0;
  let heldAlready = 0;

  const refusal = (claim: Claim, reason: string, heldBy: NodeId | null = null): { refusal: Refusal } => ({
    refusal: signBody(keys, refusalDomain, { claim: claimHash(claim.body), worker: self, heldBy, reason }),
  });
  const holderOf = (job: JobId): Held | undefined => {
    const holder = held.get(job);
    return holder !== undefined && holder.untilMs > clock.nowMs() ? holder : undefined;
  };
  /** The refusal of a claim that came after another member's; undefined when nobody else holds the expert. */
  const refusalToOther = (claim: Claim): { refusal: Refusal } | undefined => {
    const holder = holderOf(claim.body.job);
    if (holder === undefined || holder.principal === claim.body.principal) return undefined;
    heldAlready += 1;
    return refusal(claim, 'Another member has called this expert.', holder.principal);
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
    const vector = await init.sealing.embedKept(state, signal);
    if (clock.nowMs() >= untilMs) refuse('The claim expired before the work was done.');
    const issuedMs = untilMs - claim.body.ttlMs;
    const grant = signBody(keys, grantDomain, { claim, askBps, issuedMs, expiresMs: untilMs });
    const commit = init.sealing.sealKept(state, vector);
    init.notifyWitnesses(state, { commit, grant });
    return { grant, commit };
  };

  const answerClaim = async ({
    claim,
    past,
    ...request
  }: JobRequest & { readonly claim: Claim; readonly past: readonly PastClaim[] }) => {
    if (!(await areSigned(claim, past))) refuse('A signature in the claim is not valid.');
    const job = await openRequestedJob(request, init);
    assertClaim(job, claim, past);
    if (claim.body.worker !== self) refuse('The claim is on another expert.');
    if (claim.body.maxAskBps < publishedAsk(job.roster, self))
      return refusal(claim, 'This expert asks for more.');
    // Others may have come while this one was checked: whoever is first from here on holds the expert.
    const tooLate = refusalToOther(claim);
    if (tooLate !== undefined) return tooLate;
    const holder = holderOf(job.id);
    if (holder !== undefined) return holder.answer;
    if (jobs.known(job.id) !== undefined || jobs.wasServed(job.id))
      return refusal(claim, 'This expert has had its part in the job.');
    if (!jobs.hasRoom()) return refusal(claim, 'This expert has too many jobs in hand.');
    const untilMs = clock.nowMs() + claim.body.ttlMs;
    const state = jobs.take(job, request.kept, claim.body.principal);
    const answer = work(state, claim, untilMs, AbortSignal.timeout(claim.body.ttlMs));
    held.set(job.id, { principal: claim.body.principal, untilMs, answer });
    won += 1;
    try {
      return await answer;
    } catch (error) {
      // No grant was signed, so the refusal excludes nothing; the principal can go on at once.
      held.delete(job.id);
      return refusal(claim, isMoeError(error) ? messageOf(error).slice(0, 200) : 'The model failed.');
    }
  };

  serve(init.transport, protocols.claim, claimRequestSchema, async (request, from) => {
    const { claim } = request;
    if (from !== claim.body.principal || claim.by !== from) refuse('A claim is brought by its principal.');
    forgetExpired();
    const tooLate = refusalToOther(claim);
    if (tooLate !== undefined) return tooLate;
    if (clock.nowMs() < init.quietUntilMs) return refusal(claim, 'This expert has just started.');
    if (working >= init.maxClaims) return refusal(claim, 'This expert has too many claims to look at.');
    working += 1;
    try {
      return await answerClaim(request);
    } finally {
      working -= 1;
    }
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
