import { encode, type Hash, hashOf, type JobId, signBody, verifySignature } from '@market-of-experts/core';
import { expect } from 'vitest';
import type { HiddenDatum, SignedCertificateBody } from '../../../src/job/certificate.ts';
import {
  type ClaimBody,
  claimDomain,
  type GrantBody,
  grantDomain,
  type RefusalBody,
  refusalDomain,
} from '../../../src/job/claims.ts';
import type { Statement } from '../../../src/job/equivocation.ts';
import { type Commit, commitDomain, type OrderBody, type Stage } from '../../../src/job/messages.ts';
import { jobIdOf } from '../../../src/job/orders.ts';
import { innerSignatures, signSettlement } from '../../../src/ledger/transaction/authority.ts';
import type { Misconduct } from '../../../src/ledger/transaction/misconduct.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import type { SettlementBody } from '../../../src/settlement/settlement-body.ts';
import {
  idOf,
  keysOf,
  MARKET,
  NETWORK,
  nodeOf,
  registerExpert,
  registerValidator,
  transactionFrom,
} from '../ledger-fixture.ts';
import { type Play, play } from '../play-fixture.ts';

/** An expert `star` with 1,001 behind it, and three validators of 1,000, accused in orders that carol has prepaid. */
export function accusedPlay(...change: Parameters<typeof play>): Play {
  const g = play(...change);
  g.must('alice', registerExpert('alice', 'star', 1_001n));
  for (const name of ['v1', 'v2', 'v3']) g.must('alice', registerValidator('alice', name, 1_000n));
  g.must('carol', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: 1_000n });
  return g;
}

export function orderBody(changes: Partial<OrderBody> = {}): OrderBody {
  return {
    network: NETWORK,
    market: MARKET,
    client: idOf('carol'),
    clientSeq: 0,
    coordinator: nodeOf('gateway'),
    dataHash: hashOf('test/data', 0),
    bytes: 100,
    maxFeeMicro: 1_000n,
    tipMicro: 0n,
    deadlineMs: 1_000,
    ...changes,
  };
}
const jobOf = (order: OrderBody): JobId => jobIdOf([order]);

export function claim(
  order: OrderBody,
  changes: Partial<ClaimBody> = {},
  by = 'p1',
): Extract<Statement, { kind: 'claim' }> {
  const body: ClaimBody = {
    job: jobOf(order),
    principal: nodeOf(by),
    worker: nodeOf('star'),
    index: 0,
    maxAskBps: 5_000,
    issuedMs: 0,
    ttlMs: 1_000,
    ...changes,
  };
  return { kind: 'claim', signed: signBody(keysOf(by), claimDomain, body) };
}

export function grant(
  order: OrderBody,
  principal: string,
  changes: Partial<GrantBody> = {},
  claimed: Partial<ClaimBody> = {},
  by = 'star',
): Extract<Statement, { kind: 'grant' }> {
  const asked = claim(order, { worker: nodeOf(by), ...claimed }, principal).signed;
  const body: GrantBody = { claim: asked, askBps: 5_000, issuedMs: 0, expiresMs: 1_000, ...changes };
  return { kind: 'grant', signed: signBody(keysOf(by), grantDomain, body) };
}

export function refusal(
  claimed: Hash,
  changes: Partial<RefusalBody> = {},
): Extract<Statement, { kind: 'refusal' }> {
  const body: RefusalBody = {
    claim: claimed,
    worker: nodeOf('star'),
    heldBy: null,
    reason: 'busy',
    ...changes,
  };
  return { kind: 'refusal', signed: signBody(keysOf('star'), refusalDomain, body) };
}

export function sealed(
  order: OrderBody,
  seal: Hash,
  stage: Stage = 'sealed',
  by = 'star',
  principal = by,
): Commit {
  return signBody(keysOf(by), commitDomain, {
    job: jobOf(order),
    stage,
    principal: nodeOf(principal),
    worker: nodeOf(by),
    list: hashOf('test/list', stage),
    seal,
  });
}

/** With one order, of which changes may say something, too. */
export function certificateBody({
  client = idOf('carol'),
  clientSeq = 0,
  feeMicro = 100n,
  ...changes
}: Partial<SignedCertificateBody> & Partial<HiddenDatum> = {}): SignedCertificateBody {
  return {
    network: NETWORK,
    market: MARKET,
    job: jobOf(orderBody()),
    data: [
      {
        order: hashOf('test/order', clientSeq),
        client,
        clientSeq,
        vectorHash: hashOf('test/vector', 0),
        winner: null,
        feeMicro,
      },
    ],
    roster: hashOf('test/roster', 0),
    transcript: hashOf('test/transcript', 0),
    batch: 0,
    place: 0,
    members: [],
    ...changes,
  };
}

/** The signature of a node over a body in a domain, as it stands beside the body in evidence. */
export function signedIn<Body>(
  by: string,
  domain: string,
  body: Body,
): { body: Body; signature: Uint8Array } {
  return { body, signature: keysOf(by).sign(encode([domain, body])) };
}

/** A settlement with one validator's signature, as it stands in evidence. */
export function signedSettlement(
  by: string,
  body: SettlementBody,
): { body: SettlementBody; signature: Uint8Array } {
  return { body, signature: signSettlement(keysOf(by), body).signature };
}

export function evidence(proof: Misconduct): Action {
  return { kind: 'evidence', market: MARKET, proof };
}

/** Who must have signed what is inside the evidence; all of it holds. */
export function signersOf(g: Play, proof: Misconduct): string[] {
  const required = innerSignatures(transactionFrom(g.state, 'bob', evidence(proof)));
  for (const { by, bytes, signature } of required) expect(verifySignature(by, bytes, signature)).toBe(true);
  return required.map(({ by }) => by);
}

/** Whether every signature inside holds. */
export function holds(g: Play, proof: Misconduct): boolean {
  return innerSignatures(transactionFrom(g.state, 'bob', evidence(proof))).every(({ by, bytes, signature }) =>
    verifySignature(by, bytes, signature),
  );
}
