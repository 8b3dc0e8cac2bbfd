import { MoeError, type NodeId, signBody } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certifyJob } from '../../src/job/certify.ts';
import {
  assertClaim,
  type Claim,
  type ClaimBody,
  claimDomain,
  claimHash,
  type PastClaim,
  type RefusalBody,
  refusalDomain,
} from '../../src/job/claims.ts';
import { equivocationOf } from '../../src/job/equivocation.ts';
import { cutJob, openJob, receiveCommit, receiveFullCommit } from '../../src/job/phases.ts';
import { replayTranscript, verifyTranscriptSignatures } from '../../src/job/replay.ts';
import { certificateEffects } from '../../src/settlement/effects.ts';
import { context, fixtureJob, keysOf, keysOfNode, roster } from './job-fixture.ts';

/** A job in which the first member has called the first expert outside the shard. */
function calledJob(name: string) {
  const { members, seats } = fixtureJob(name);
  const principal = members[0]!;
  const worker = roster.experts.find(({ node, onProbation }) => !onProbation && !seats.includes(node))!.node;
  const job = fixtureJob(name, {}, new Map([[principal, worker]]));
  return { job, principal, worker, sealed: openJob([job.order], roster, job.tickets) };
}
const refusedWith = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof MoeError && error.code === 'message-refused') return error.message;
    throw error;
  }
  return 'taken';
};

describe('a job with a friend', () => {
  it('is certified for the worker, and pays both as signed', async () => {
    const { job, principal, worker } = calledJob('friend');
    const transcript = job.transcript();
    await verifyTranscriptSignatures(transcript);
    const body = certifyJob(replayTranscript(transcript, roster), transcript, context);
    const member = body.members.find((other) => other.principal === principal)!;
    expect(member).toMatchObject({ worker, workerBps: 4_000, outcome: 'scored' });
    expect(member.standing.global[0]).toBe(context.standing(worker, body.place).global.jobs);

    const won = { ...body, data: [{ ...body.data[0]!, winner: principal, feeMicro: 10_000n }] };
    const effects = certificateEffects({ body: won, signatures: [] }, 0, roster);
    const ownerOf = (node: NodeId) => roster.experts.find((expert) => expert.node === node)!.owner;
    const paid = new Map(effects.deltas.map(({ account, deltaMicro }) => [account as string, deltaMicro]));
    // 2 % are the market's; of the rest, 40 % are the worker's.
    expect(paid.get(ownerOf(worker))).toBe(3_920n);
    expect(paid.get(ownerOf(principal))).toBe(5_880n);
    expect([...paid.values()].reduce((sum, delta) => sum + delta, 0n)).toBe(0n);
    expect(effects.losses.map(({ node }) => node)).toContain(worker);
    expect(effects.losses.map(({ node }) => node)).not.toContain(principal);
  });

  it('shares a penalty by the split', () => {
    const { job, principal } = calledJob('silent-friend');
    const arrivals = job.witnesses.map((witness) =>
      job.arrival(witness, { stage: 'reveal', principals: job.seats.filter((node) => node !== principal) }),
    );
    const transcript = job.transcript({ reveals: job.seats.filter((node) => node !== principal), arrivals });
    const body = certifyJob(replayTranscript(transcript, roster), transcript, context);
    const member = body.members.find((other) => other.principal === principal)!;
    // The whole fee of the job, which is less than 5 % of the stake.
    const wholeMicro = 10_000n;
    expect(member).toMatchObject({
      outcome: 'no-reveal',
      slashMicro: (wholeMicro * 6_000n) / 10_000n,
      workerSlashMicro: (wholeMicro * 4_000n) / 10_000n,
    });
    const { slashes } = certificateEffects({ body, signatures: [] }, 0, roster);
    expect(slashes.reduce((sum, { amountMicro }) => sum + amountMicro, 0n)).toBe(wholeMicro);
  });
});

describe('a grant is refused', () => {
  const { job, principal, worker, sealed } = calledJob('grants');
  const commit = job.commit(principal);
  const attempt = (...changes: Parameters<typeof job.grant> extends [NodeId, ...infer More] ? More : never) =>
    refusedWith(() => receiveCommit(sealed, commit, job.grant(principal, ...changes)));

  it('but a good one is taken', () => {
    expect(attempt()).toBe('taken');
  });
  it('when there is none', () => {
    expect(refusedWith(() => receiveCommit(sealed, commit))).toMatch(/needs a grant/);
  });
  it('when it is of another job', () => {
    const other = calledJob('grants elsewhere');
    const replayed = job.grant(principal, {}, { job: other.job.id });
    expect(refusedWith(() => receiveCommit(sealed, commit, replayed))).toMatch(/another job/);
  });
  it('when the ask was raised after the claim, or above what is published', () => {
    expect(attempt({ askBps: 4_001 })).toMatch(/more than the claim allows/);
    expect(attempt({ askBps: 5_001 }, { maxAskBps: 9_000 })).toMatch(/published ask/);
  });
  it('when it has expired as it was made, or holds too long', () => {
    expect(attempt({ expiresMs: 2_000 })).toMatch(/for longer/);
    expect(attempt({ expiresMs: 2_501 })).toMatch(/for longer/);
    expect(attempt({}, { ttlMs: 60_000 })).toMatch(/too long/);
  });
  it('when the worker was drawn itself, is a newcomer, or unknown', () => {
    const seated = fixtureJob('grants', {}, new Map([[principal, job.members[1]!]]));
    expect(
      refusedWith(() => receiveCommit(sealed, seated.commit(principal), seated.grant(principal))),
    ).toMatch(/drawn for the job/);
    const newcomer = roster.experts.find(
      ({ node, onProbation }) => onProbation && !job.seats.includes(node),
    )!;
    const called = fixtureJob('grants', {}, new Map([[principal, newcomer.node]]));
    expect(
      refusedWith(() => receiveCommit(sealed, called.commit(principal), called.grant(principal))),
    ).toMatch(/past probation/);
  });
  it('when the principal is a newcomer, who would be judged by its friend', () => {
    const newcomer = job.seats.at(-1)!;
    const called = fixtureJob('grants', {}, new Map([[newcomer, worker]]));
    expect(refusedWith(() => receiveCommit(sealed, called.commit(newcomer), called.grant(newcomer)))).toMatch(
      /paid member/,
    );
  });
  it('when it is for another principal or worker', () => {
    const [, other] = job.members;
    expect(attempt({}, { principal: other! })).toMatch(/another principal/);
  });
});

describe('one worker and one principal', () => {
  it('a worker cannot commit for two members', () => {
    const { job, principal, worker, sealed } = calledJob('two principals');
    const second = job.members[1]!;
    const both = fixtureJob('two principals', {}, new Map([principal, second].map((node) => [node, worker])));
    const once = receiveCommit(sealed, both.commit(principal), both.grant(principal));
    expect(refusedWith(() => receiveCommit(once, both.commit(second), both.grant(second)))).toMatch(
      /another member/,
    );
    // And the two grants prove it, whatever the coordinator does with them.
    expect(
      equivocationOf(
        { kind: 'grant', signed: both.grant(principal) },
        { kind: 'grant', signed: both.grant(second) },
      ),
    ).toEqual({ node: worker, job: job.id });
  });
  it('a principal that claimed two is taken once, and cannot change its worker after the cut', () => {
    const { job, principal, worker, sealed } = calledJob('two workers');
    const own = fixtureJob('two workers');
    const once = receiveCommit(sealed, job.commit(principal), job.grant(principal));
    expect(refusedWith(() => receiveCommit(once, own.commit(principal)))).toMatch(/equivocation/);
    const others = job.seats.filter((node) => node !== principal).map((node) => own.commit(node));
    const full = cutJob(others.reduce((state, commit) => receiveCommit(state, commit), once));
    expect(refusedWith(() => receiveFullCommit(full, own.fullCommit(principal)))).toMatch(/not in the cut/);
    expect(receiveFullCommit(full, job.fullCommit(principal)).fullCommits[0]!.body.worker).toBe(worker);
  });
  it('a transcript with a grant that nobody used is not replayed', () => {
    const { job, principal } = calledJob('stray');
    const plain = fixtureJob('stray').transcript();
    expect(refusedWith(() => replayTranscript({ ...plain, grants: [job.grant(principal)] }, roster))).toMatch(
      /no commit used/,
    );
  });
});

describe('a chain of claims', () => {
  const { job, principal, worker, sealed } = calledJob('chain');
  const second = roster.experts.find(
    ({ node, onProbation }) => !onProbation && node !== worker && !job.seats.includes(node),
  )!.node;
  const claim = (changes: Partial<ClaimBody> = {}, by: NodeId = principal): Claim =>
    signBody(keysOfNode.get(by)!, claimDomain, {
      job: job.id,
      principal,
      worker,
      index: 0,
      maxAskBps: 4_000,
      issuedMs: 1_000,
      ttlMs: 500,
      ...changes,
    });
  const refusalOf = (of: Claim, changes: Partial<RefusalBody> = {}, by: NodeId = of.body.worker) =>
    signBody(keysOfNode.get(by)!, refusalDomain, {
      claim: claimHash(of.body),
      worker: of.body.worker,
      heldBy: null,
      reason: 'busy',
      ...changes,
    });
  const attempt = (next: Claim, past: readonly PastClaim[]) =>
    refusedWith(() => assertClaim(sealed, next, past));

  it('goes on after a refusal at once, and after silence when the claim has expired', () => {
    const first = claim();
    expect(attempt(first, [])).toBe('taken');
    const next = claim({ index: 1, worker: second, issuedMs: 1_001 });
    expect(attempt(next, [{ claim: first, refusal: refusalOf(first) }])).toBe('taken');
    expect(attempt(next, [{ claim: first }])).toMatch(/neither refused nor expired/);
    expect(attempt(claim({ index: 1, worker: second, issuedMs: 1_500 }), [{ claim: first }])).toBe('taken');
  });
  it('does not start anew, skip, borrow a refusal or use a forged one', () => {
    const first = claim();
    const next = claim({ index: 1, worker: second, issuedMs: 1_001 });
    expect(attempt(next, [])).toMatch(/every one before/);
    expect(attempt(claim({ index: 4 }), [])).toMatch(/4 friends/);
    const other = claim({ maxAskBps: 1 });
    expect(attempt(next, [{ claim: first, refusal: refusalOf(other) }])).toMatch(/neither refused/);
    expect(attempt(next, [{ claim: first, refusal: refusalOf(first, {}, principal) }])).toMatch(/neither/);
    expect(attempt(next, [{ claim: claim({}, second) }])).toMatch(/own ones/);
    expect(attempt(claim({}, second), [])).toMatch(/not signed by its principal/);
  });
});

describe('equivocation', () => {
  const { job, principal, worker } = calledJob('equivocation');
  const second = job.members[1]!;
  const grant = (...more: Parameters<typeof job.grant>) =>
    ({ kind: 'grant', signed: job.grant(...more) }) as const;

  it('is two grants that hold at one time, not one after the other or one given twice', () => {
    const first = grant(principal);
    const found = { node: worker, job: job.id };
    expect(equivocationOf(first, grant(principal, { askBps: 3_999 }))).toEqual(found);
    const toAnother = { principal: second };
    expect(equivocationOf(first, grant(principal, {}, toAnother))).toEqual(found);
    const later = { issuedMs: 2_500, expiresMs: 3_000 };
    expect(equivocationOf(first, grant(principal, later, toAnother))).toBeUndefined();
    expect(equivocationOf(first, grant(principal))).toBeUndefined();
    expect(equivocationOf(first, first)).toBeUndefined();
  });

  it('is never what two authors said, or what an honest one says of several jobs', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
        fc.pre(a !== b);
        const [one, other] = [calledJob(a), calledJob(b)];
        expect(
          equivocationOf(
            { kind: 'grant', signed: one.job.grant(one.principal) },
            { kind: 'grant', signed: other.job.grant(other.principal) },
          ),
        ).toBeUndefined();
      }),
      { numRuns: 20 },
    );
    expect(keysOf('client').publicKey).not.toBe(worker);
  });
});
