import { type Clock, encode, type NodeId, verifyBodyAsync } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  assertGrant,
  type Claim,
  type Commit,
  claimDomain,
  claimHash,
  commitDomain,
  type Grant,
  grantDomain,
  type PastClaim,
  publishedAsk,
  type Refusal,
  refusalDomain,
  type SealedJob,
} from '@market-of-experts/protocol';
import type { CallBook } from '../calling/call-book.ts';
import { firstListOf, type JobRequest } from '../job/job-request.ts';
import { call, refuse } from '../messages/messaging.ts';
import { claimResponseSchema, protocols } from '../messages/protocols.ts';
import type { JobPen } from '../signing/job-pen.ts';

export interface CallingComponents {
  readonly self: NodeId;
  readonly pen: JobPen;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly calls: CallBook;
}

/** What the friend answered for: its grant and the first seal that it gave in the principal's place. */
export interface FriendsAnswer {
  readonly commit: Commit;
  readonly grant: Grant;
}

/**
 * Asks friends in turn to work in this member's place. Whoever refuses under his signature frees the next claim at
 * once; whoever is silent, or cannot look at the claim now, holds it until it expires. Undefined when nobody is free while there is time, or when an
 * answer is none: the member then works itself. Never rejects, but for the signal.
 */
export async function callFriends(
  components: CallingComponents,
  job: SealedJob,
  request: JobRequest,
  friends: readonly NodeId[],
  signal: AbortSignal,
): Promise<FriendsAnswer | undefined> {
  const { clock, calls, pen, self: principal } = components;
  const { parameters } = job.roster;
  const past: PastClaim[] = [];
  const startedMs = clock.steadyMs();
  for (const worker of friends.slice(0, parameters.maximumClaims)) {
    // The member must be able to answer itself when this friend does not.
    const leftMs = parameters.sealedDeadlineMs / 2 - (clock.steadyMs() - startedMs);
    if (leftMs <= 0) return undefined;
    const issuedMs = clock.nowMs();
    const askedMs = clock.steadyMs();
    const ttlMs = calls.patienceMs(worker, Math.floor(Math.min(leftMs, parameters.claimTtlMs)));
    const claim = await pen.sign(claimDomain, {
      job: job.id,
      principal,
      worker,
      index: past.length,
      maxAskBps: publishedAsk(job.roster, worker),
      issuedMs,
      ttlMs,
    });
    try {
      const answer = await ask(components, job, request, claim, past, signal);
      const latencyMs = clock.steadyMs() - askedMs;
      if ('commit' in answer) {
        calls.note(worker, true, latencyMs);
        return answer;
      }
      calls.note(worker, false, latencyMs);
      past.push({ claim, refusal: answer.refusal });
    } catch {
      signal.throwIfAborted();
      calls.note(worker, false, clock.steadyMs() - askedMs);
      // Without a refusal the next claim must wait until this one has expired.
      if (clock.nowMs() < issuedMs + ttlMs) return undefined;
      past.push({ claim });
    }
  }
  return undefined;
}

/** One claim and its checked answer. Rejects when there is none in time, or one that would not count in the job. */
async function ask(
  { transport }: CallingComponents,
  job: SealedJob,
  request: JobRequest,
  claim: Claim,
  past: readonly PastClaim[],
  signal: AbortSignal,
): Promise<FriendsAnswer | { readonly refusal: Refusal }> {
  const { worker, principal, ttlMs } = claim.body;
  const bytes = encode({ ...request, claim, past });
  const answer = await call(transport, worker, protocols.claim, bytes, claimResponseSchema, {
    timeoutMs: ttlMs,
    signal,
  });
  if ('refusal' in answer) {
    const { refusal } = answer;
    if (
      refusal.by !== worker ||
      refusal.body.worker !== worker ||
      refusal.body.claim !== claimHash(claim.body) ||
      !(await verifyBodyAsync(refusalDomain, refusal))
    )
      refuse("The refusal is not the friend's own.");
    return answer;
  }
  const { grant, commit } = answer;
  assertGrant(job, grant);
  const isOurs =
    claimHash(grant.body.claim.body) === claimHash(claim.body) &&
    commit.by === worker &&
    commit.body.worker === worker &&
    commit.body.principal === principal &&
    commit.body.job === job.id &&
    commit.body.list === firstListOf(request).list &&
    commit.body.stage === 'sealed';
  if (
    !isOurs ||
    !(await verifyBodyAsync(grantDomain, grant)) ||
    !(await verifyBodyAsync(commitDomain, commit))
  )
    refuse("The friend's answer is not one to this claim.");
  return answer;
}
