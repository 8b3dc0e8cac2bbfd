import { hashOf, type JobId, type NodeId, signBody, verifySignature } from '@moe/core';
import { beforeEach, expect, test } from 'vitest';
import { type ClaimBody, claimDomain, type GrantBody, grantDomain } from '../job/claims.ts';
import type { Statement } from '../job/equivocation.ts';
import { applyTransaction } from './apply.ts';
import { innerSignatures } from './authority.ts';
import { genesis, idOf, keysOf, MARKET, nodeOf, registerExpert, transactionFrom } from './ledger-fixture.ts';
import { emptyState, expertKey, type LedgerState, totalMicro } from './state.ts';
import { type Action, transactionSchema } from './transaction.ts';

let state: LedgerState;
const act = (name: string, action: Action) => applyTransaction(state, transactionFrom(state, name, action));
const stakeOf = (node: string) => state.experts.get(expertKey(MARKET, nodeOf(node)))?.stakeMicro;

function grant(principal: string, claim: Partial<ClaimBody> = {}, body: Partial<GrantBody> = {}): Statement {
  const asked = signBody(keysOf(principal), claimDomain, {
    job: hashOf('test/job', 0) as string as JobId,
    principal: nodeOf(principal),
    worker: nodeOf('star'),
    index: 0,
    maxAskBps: 5_000,
    issuedMs: 0,
    ttlMs: 1_000,
    ...claim,
  });
  const granted = { claim: asked, askBps: 5_000, issuedMs: 0, expiresMs: 1_000, ...body };
  return { kind: 'grant', signed: signBody(keysOf('star'), grantDomain, granted) };
}
const evidence = (a: Statement, b: Statement): Action => ({
  kind: 'evidence',
  market: MARKET,
  proof: { kind: 'statements', statements: [a, b] },
});

beforeEach(() => {
  state = emptyState();
  applyTransaction(state, genesis());
  act('alice', registerExpert('alice', 'star', 1_001n));
});

test('two grants cost half of the stake, once for each job, whoever shows them', () => {
  const total = totalMicro(state);
  const proof = evidence(grant('p1'), grant('p2'));
  expect(act('bob', proof)).toEqual({ applied: true });
  expect(stakeOf('star')).toBe(501n);
  // A tenth of the 500 is the reporter's.
  expect(state.markets.get(MARKET)!.poolMicro).toBe(450n);
  expect(state.accounts.get(idOf('bob'))!.balanceMicro).toBe(1_000_050n);
  expect(totalMicro(state)).toBe(total);
  expect(act('carol', proof)).toMatchObject({ code: 'already-punished' });
  const job = hashOf('test/job', 1) as string as JobId;
  expect(act('carol', evidence(grant('p1', { job }), grant('p2', { job })))).toEqual({ applied: true });
  expect(stakeOf('star')).toBe(251n);
});

test('statements that can both be true prove nothing and change nothing', () => {
  const before = structuredClone(state);
  const later = grant('p2', {}, { issuedMs: 1_000, expiresMs: 2_000 });
  for (const harmless of [
    evidence(grant('p1'), grant('p1')),
    evidence(grant('p1'), later),
    evidence(grant('p1'), grant('p2', { job: hashOf('test/job', 9) as string as JobId })),
  ])
    expect(act('bob', harmless)).toMatchObject({ applied: false, code: 'invalid-evidence' });
  expect(state).toEqual(before);
});

test('a stranger cannot be punished', () => {
  const worker = nodeOf('nobody') as NodeId;
  const of = (principal: string): Statement => {
    const { signed } = grant(principal, { worker });
    return { kind: 'grant', signed: signBody(keysOf('nobody'), grantDomain, signed.body as GrantBody) };
  };
  expect(act('bob', evidence(of('p1'), of('p2')))).toMatchObject({ code: 'unknown-node' });
});

test('every signature inside the evidence must hold: the statements and the claims in them', () => {
  const transaction = transactionFrom(state, 'bob', evidence(grant('p1'), grant('p2')));
  expect(transactionSchema.parse(transaction)).toEqual(transaction);
  const required = innerSignatures(transaction);
  expect(required.map(({ by }) => by)).toEqual(
    ['star', 'p1', 'star', 'p2'].map((name) => keysOf(name).publicKey as string),
  );
  for (const { by, bytes, signature } of required) expect(verifySignature(by, bytes, signature)).toBe(true);
});
