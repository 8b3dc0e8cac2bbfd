import {
  type Hash,
  hashOf,
  hashSchema,
  type JobId,
  jobIdSchema,
  MoeError,
  type NodeId,
  nodeIdSchema,
  type Signed,
  sentenceSchema,
} from '@market-of-experts/core';
import { z } from 'zod';
import { type DrawnSeats, problemOfCall } from '../draw/owner-caps.ts';
import type { Roster } from '../draw/shard.ts';
import { signed } from './signed.ts';

/**
 * "Work in my place": a member of a shard asks an expert outside it (docs/concepts/calling-a-friend.md). Its claims of one job
 * are numbered; each must show what became of those before it, so nobody can hold several friends at once.
 */
export interface ClaimBody {
  readonly job: JobId;
  readonly principal: NodeId;
  readonly worker: NodeId;
  readonly index: number;
  /** Most of the fee that the principal gives away. */
  readonly maxAskBps: number;
  /** Both by the principal's clock, compared only with its own other claims. */
  readonly issuedMs: number;
  readonly ttlMs: number;
}
export type Claim = Signed<ClaimBody>;
export const claimDomain = 'moe/claim/1';

/** "No": with whom the expert works already, if that is why. */
export interface RefusalBody {
  readonly claim: Hash;
  readonly worker: NodeId;
  readonly heldBy: NodeId | null;
  readonly reason: string;
}
export type Refusal = Signed<RefusalBody>;
export const refusalDomain = 'moe/claim-refusal/1';

/** "Yes, for this share of the fee": with the claim inside, so that it proves both agreements. */
export interface GrantBody {
  readonly claim: Claim;
  readonly askBps: number;
  /** Both by the worker's clock, compared only with its own other grants. */
  readonly issuedMs: number;
  readonly expiresMs: number;
}
export type Grant = Signed<GrantBody>;
export const grantDomain = 'moe/claim-grant/1';

/** A claim that came to nothing: refused, or (without refusal) waited for until it had expired. */
export interface PastClaim {
  readonly claim: Claim;
  readonly refusal?: Refusal;
}

const timeSchema = z.int().nonnegative();
export const claimSchema = signed<ClaimBody>(
  z.strictObject({
    job: jobIdSchema,
    principal: nodeIdSchema,
    worker: nodeIdSchema,
    index: z.int().min(0).max(16),
    maxAskBps: z.int().min(0).max(10_000),
    issuedMs: timeSchema,
    ttlMs: z.int().positive().max(60_000),
  }),
);
export const refusalSchema = signed<RefusalBody>(
  z.strictObject({
    claim: hashSchema,
    worker: nodeIdSchema,
    heldBy: nodeIdSchema.nullable(),
    reason: sentenceSchema(200),
  }),
);
export const grantSchema = signed<GrantBody>(
  z.strictObject({
    claim: claimSchema,
    askBps: z.int().min(0).max(10_000),
    issuedMs: timeSchema,
    expiresMs: timeSchema,
  }),
);
export const pastClaimSchema: z.ZodType<PastClaim> = z.strictObject({
  claim: claimSchema,
  refusal: refusalSchema.exactOptional(),
});

export function claimHash(claim: ClaimBody): Hash {
  return hashOf(claimDomain, claim);
}

function refuse(message: string): never {
  throw new MoeError('message-refused', message);
}

/** What a claim is judged by: the job's id, its draw and its roster. */
interface ClaimedJob {
  readonly id: JobId;
  readonly roster: Roster;
  readonly draw: DrawnSeats;
}

/**
 * Whether the claim may be made in this job. Throws `message-refused`. Signatures are the caller's to check, of the
 * claim and of every {@link PastClaim}.
 */
export function assertClaim(job: ClaimedJob, claim: Claim, past: readonly PastClaim[]): void {
  const { body } = claim;
  assertParties(job, claim);
  if (past.length !== body.index) refuse('A claim shows what became of every one before it.');
  for (const [index, { claim: earlier, refusal }] of past.entries()) {
    if (
      earlier.by !== body.principal ||
      earlier.body.principal !== body.principal ||
      earlier.body.job !== body.job ||
      earlier.body.index !== index
    )
      refuse("The earlier claims are not the principal's own ones of this job, in order.");
    const isRefused =
      refusal !== undefined &&
      refusal.by === earlier.body.worker &&
      refusal.body.worker === refusal.by &&
      refusal.body.claim === claimHash(earlier.body);
    if (!isRefused && body.issuedMs < earlier.body.issuedMs + earlier.body.ttlMs)
      refuse('An earlier claim is neither refused nor expired: a member holds one friend at a time.');
  }
}

/** Whether worker and principal may agree to this in the job. Throws `message-refused`. */
export function assertGrant(job: ClaimedJob, grant: Grant): void {
  const { claim, askBps, issuedMs, expiresMs } = grant.body;
  assertParties(job, claim);
  if (grant.by !== claim.body.worker) refuse('The grant is not signed by the worker that was claimed.');
  if (askBps > claim.body.maxAskBps) refuse('The grant asks for more than the claim allows.');
  if (askBps > publishedAsk(job.roster, claim.body.worker))
    refuse("The grant asks for more than the worker's published ask.");
  if (expiresMs <= issuedMs || expiresMs - issuedMs > claim.body.ttlMs)
    refuse('The grant holds for longer than was claimed.');
}

function assertParties(job: ClaimedJob, { by, body }: Claim): void {
  if (body.job !== job.id) refuse('The claim is for another job.');
  if (by !== body.principal) refuse('The claim is not signed by its principal.');
  if (!job.draw.members.includes(body.principal))
    refuse('Only a paid member of the shard may call a friend.');
  const problem = problemOfCall(job.roster, job.draw, body.worker);
  if (problem !== undefined) refuse(problem);
  if (body.ttlMs > job.roster.parameters.claimTtlMs) refuse('The claim holds its friend for too long.');
  if (body.index >= job.roster.parameters.maximumClaims)
    refuse(`A member may call ${job.roster.parameters.maximumClaims} friends for one job.`);
}

/** Share of the fee that the roster says an expert of it asks for. */
export function publishedAsk(roster: Roster, worker: NodeId): number {
  return roster.experts.find(({ node }) => node === worker)!.askBps;
}
