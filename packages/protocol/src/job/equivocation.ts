import type { JobId, NodeId } from '@market-of-experts/core';
import { z } from 'zod';
import {
  type Claim,
  claimDomain,
  claimHash,
  claimSchema,
  type Grant,
  grantDomain,
  grantSchema,
  type Refusal,
  refusalDomain,
  refusalSchema,
} from './claims.ts';
import { type Commit, commitDomain, commitSchema } from './messages.ts';

/** Something signed about a claim, as evidence against its author. */
export type Statement =
  | { readonly kind: 'claim'; readonly signed: Claim }
  | { readonly kind: 'grant'; readonly signed: Grant }
  | { readonly kind: 'refusal'; readonly signed: Refusal }
  | { readonly kind: 'commit'; readonly signed: Commit };

export const statementSchema: z.ZodType<Statement> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('claim'), signed: claimSchema }),
  z.strictObject({ kind: z.literal('grant'), signed: grantSchema }),
  z.strictObject({ kind: z.literal('refusal'), signed: refusalSchema }),
  z.strictObject({ kind: z.literal('commit'), signed: commitSchema }),
]);

export const statementDomain: Readonly<Record<Statement['kind'], string>> = {
  claim: claimDomain,
  grant: grantDomain,
  refusal: refusalDomain,
  commit: commitDomain,
};

/** Who said two things in one job that exclude one another. */
export interface Equivocation {
  readonly node: NodeId;
  readonly job: JobId;
}

/**
 * Whether two statements of one author exclude one another (docs/decisions/0013-signing-guard.md):
 * two grants of one job to different principals, or for different shares, that hold at the same time; two claims
 * of one job with the same number on different workers that hold at the same time; a grant and a refusal of the
 * same claim; or two seals of one stage of a job for one principal. Times are compared only with their own author's: whatever his clock shows, an honest author never
 * signs such a pair. Signatures are the caller's to check.
 */
export function equivocationOf(a: Statement, b: Statement): Equivocation | undefined {
  if (a.signed.by !== b.signed.by) return undefined;
  const node = a.signed.by as NodeId;
  if (a.kind === 'grant' && b.kind === 'grant') return twoGrants(node, a.signed, b.signed);
  if (a.kind === 'claim' && b.kind === 'claim') return twoClaims(node, a.signed, b.signed);
  if (a.kind === 'commit' && b.kind === 'commit') return twoSeals(node, a.signed, b.signed);
  if (a.kind === 'grant' && b.kind === 'refusal') return grantAndRefusal(node, a.signed, b.signed);
  if (a.kind === 'refusal' && b.kind === 'grant') return grantAndRefusal(node, b.signed, a.signed);
  return undefined;
}

function twoGrants(node: NodeId, a: Grant, b: Grant): Equivocation | undefined {
  const [first, second] = [a.body, b.body];
  const { job, worker, principal } = first.claim.body;
  const differs = principal !== second.claim.body.principal || first.askBps !== second.askBps;
  const overlap = first.issuedMs < second.expiresMs && second.issuedMs < first.expiresMs;
  return node === worker &&
    second.claim.body.worker === worker &&
    second.claim.body.job === job &&
    differs &&
    overlap
    ? { node, job }
    : undefined;
}

function twoClaims(node: NodeId, { body: a }: Claim, { body: b }: Claim): Equivocation | undefined {
  const overlap = a.issuedMs < b.issuedMs + b.ttlMs && b.issuedMs < a.issuedMs + a.ttlMs;
  return node === a.principal &&
    b.principal === node &&
    a.job === b.job &&
    a.index === b.index &&
    a.worker !== b.worker &&
    overlap
    ? { node, job: a.job }
    : undefined;
}

function twoSeals(node: NodeId, { body: a }: Commit, { body: b }: Commit): Equivocation | undefined {
  return node === a.worker &&
    b.worker === node &&
    a.job === b.job &&
    a.principal === b.principal &&
    a.stage === b.stage &&
    a.seal !== b.seal
    ? { node, job: a.job }
    : undefined;
}

function grantAndRefusal(node: NodeId, grant: Grant, refusal: Refusal): Equivocation | undefined {
  const { claim } = grant.body;
  return node === claim.body.worker &&
    refusal.body.worker === node &&
    refusal.body.claim === claimHash(claim.body)
    ? { node, job: claim.body.job }
    : undefined;
}
