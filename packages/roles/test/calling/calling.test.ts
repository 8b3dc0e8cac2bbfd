import { encode, type JobId, type NodeId, signBody, systemClock } from '@market-of-experts/core';
import {
  type Claim,
  type ClaimBody,
  certificateEffects,
  claimDomain,
  commitDomain,
  equivocationOf,
  type Grant,
  grantDomain,
  int16Bytes,
  jobIdOf,
  jobSeed,
  openJob,
  quantise,
  type Refusal,
  replayTranscript,
  Standings,
  type Statement,
  sealOf,
  statementDomain,
  verifyTranscriptSignatures,
} from '@market-of-experts/protocol';
import { askedQuestion } from '@market-of-experts/testing/asked-question';
import type { FixedMarketInit } from '@market-of-experts/testing/fixed-market';
import { type SmallMarket, smallMarket, smallParameters } from '@market-of-experts/testing/small-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, describe, expect, it } from 'vitest';
import { type DecisionPolicy, thompsonPolicy } from '../../src/calling/policy.ts';
import { firstListOf } from '../../src/job/job-request.ts';
import { call, serve } from '../../src/messages/messaging.ts';
import { claimRequestSchema, claimResponseSchema, protocols } from '../../src/messages/protocols.ts';

let market: SmallMarket;
afterEach(() => market.close());

const rounds = 40;
/** Certified results by which expert 0 is far better than the others, and the last ones are far worse. */
const merit = (experts: readonly NodeId[]): Standings =>
  Standings.empty.with(
    experts.flatMap((node, index) =>
      Array.from({ length: rounds * 4 }, (_, job) => ({
        node,
        place: job % 4,
        lossUnits: 40,
        excessUnits: -100 + 60 * index,
        won: false,
      })),
    ),
  );
const open = (init: Partial<FixedMarketInit> = {}): SmallMarket => {
  market = smallMarket({ standings: merit, policy: thompsonPolicy, ...init });
  return market;
};
/** Everyone calls expert `index`, where it is not drawn; it works itself. */
const callAlways =
  (index: number): DecisionPolicy =>
  ({ friends, self }) => {
    const friend = friends.find(({ worker }) => worker === market.experts[index]!.node);
    return friend === undefined || self.worker === friend.worker
      ? { kind: 'work', expectedMicro: 0 }
      : { kind: 'call', friends: [friend.worker], expectedMicro: 0 };
  };

/** Runs jobs until one fits. */
async function jobWhere(fits: (members: readonly NodeId[]) => boolean) {
  for (let topic = 0; topic < 60; topic += 1) {
    const outcome = await market.runJob({ text: textAbout(1_000 + topic) });
    if (fits(outcome.certificate.body.members.map(({ principal }) => principal))) return outcome;
  }
  throw new Error('No job fits.');
}

describe('calling a friend', () => {
  it('a weak expert earns by calling a strong one, and the receipt proves it', async () => {
    open();
    const star = market.experts[0]!.node;
    const { certificate, transcript } = await jobWhere((members) => !members.includes(star));
    const { body } = certificate;
    const called = body.members.find(({ worker }) => worker === star);
    expect(called).toMatchObject({ outcome: 'scored', workerBps: 5_000 });
    expect(called!.principal).not.toBe(star);
    expect(body.data[0]!.winner).toBe(called!.principal);
    const effects = certificateEffects(certificate, 0, market.roster);
    const ownerOf = (node: NodeId) => market.roster.experts.find((expert) => expert.node === node)!.owner;
    const paid = new Map(effects.deltas.map(({ account, deltaMicro }) => [account, deltaMicro]));
    expect(paid.get(ownerOf(star))).toBeGreaterThan(0n);
    expect(paid.get(ownerOf(called!.principal))).toBeGreaterThan(0n);
    await verifyTranscriptSignatures(transcript);
    expect(replayTranscript(transcript, market.roster).grants).toHaveLength(transcript.grants.length);
  });

  it('only one member gets the star; the others go on without waiting', async () => {
    open({ policy: callAlways(0), parameters: { ...smallParameters, shardSize: 5 } });
    const star = market.experts[0]!.node;
    const { certificate, transcript } = await jobWhere((members) => !members.includes(star));
    const { members } = certificate.body;
    expect(members.filter(({ worker }) => worker === star)).toHaveLength(1);
    expect(members.every(({ outcome }) => outcome === 'scored')).toBe(true);
    expect(transcript.grants).toHaveLength(1);
  });

  it('a friend that goes silent costs time, not the job', async () => {
    open({ strangers: [0], policy: callAlways(0) });
    const star = market.experts[0]!;
    serve(star.transport, protocols.claim, claimRequestSchema, () => new Promise(() => undefined));
    const before = market.clock.nowMs();
    const { certificate } = await jobWhere((members) => !members.includes(star.node));
    expect(certificate.body.members.map(({ outcome }) => outcome)).toEqual(['scored', 'scored', 'scored']);
    expect(certificate.body.members.every(({ principal, worker }) => principal === worker)).toBe(true);
    expect(market.clock.nowMs() - before).toBeLessThan(market.roster.parameters.sealedDeadlineMs);
  });

  it('after silence the next friend is called once the claim has expired', async () => {
    open({
      strangers: [0],
      policy: ({ friends }) => {
        const [silent, next] = [market.experts[0]!.node, market.experts[1]!.node];
        const wanted = [silent, next].filter((node) => friends.some(({ worker }) => worker === node));
        return wanted.length < 2
          ? { kind: 'work', expectedMicro: 0 }
          : { kind: 'call', friends: wanted, expectedMicro: 0 };
      },
    });
    const [silent, next] = [market.experts[0]!, market.experts[1]!];
    serve(silent.transport, protocols.claim, claimRequestSchema, () => new Promise(() => undefined));
    const { certificate } = await jobWhere(
      (members) => !members.includes(silent.node) && !members.includes(next.node),
    );
    expect(certificate.body.members.filter(({ worker }) => worker === next.node)).toHaveLength(1);
  });

  it('a friend that is slower than its grant lasts gives none, and the member plays itself', async () => {
    open({
      policy: callAlways(0),
      backend: (index, encode) => ({
        name: `expert-${index}`,
        dimensions: smallParameters.dimensions,
        embed: async (texts: readonly string[]) => {
          if (index === 0) await market.clock.sleep(1_500);
          return texts.map(encode);
        },
        close: async () => undefined,
      }),
    });
    const star = market.experts[0]!.node;
    const { certificate, transcript } = await jobWhere((members) => !members.includes(star));
    expect(transcript.grants).toEqual([]);
    expect(certificate.body.members.map(({ outcome }) => outcome)).toEqual(['scored', 'scored', 'scored']);
  });

  it('a friend that fails after its commit shares the penalty with who called it', async () => {
    const failing = { isUp: true };
    open({
      policy: callAlways(0),
      backend: (index, encode) => ({
        name: `expert-${index}`,
        dimensions: smallParameters.dimensions,
        embed: async (texts: readonly string[]) => {
          if (index === 0 && texts.length > smallParameters.batchTexts && !failing.isUp)
            throw new Error('down');
          return texts.map(encode);
        },
        close: async () => undefined,
      }),
    });
    failing.isUp = false;
    const star = market.experts[0]!.node;
    const { certificate } = await jobWhere((members) => !members.includes(star));
    const called = certificate.body.members.find(({ worker }) => worker === star)!;
    const seats = BigInt(market.roster.parameters.shardSize);
    const lateMicro = (certificate.body.data[0]!.feeMicro + seats - 1n) / seats;
    expect(called).toMatchObject({
      outcome: 'late',
      slashMicro: lateMicro / 2n,
      workerSlashMicro: lateMicro / 2n,
    });
    expect(certificate.body.data[0]!.winner).not.toBe(called.principal);
  });
});

describe('clocks that differ by a minute', () => {
  it('do no harm: everyone is scored, friends are called, nobody is late', async () => {
    open({
      skewMs: (index) => (index % 3 === 0 ? 0 : index % 3 === 1 ? 60_000 : -60_000),
      policy: ({ friends }) => ({
        kind: 'call',
        friends: friends.map(({ worker }) => worker),
        expectedMicro: 0,
      }),
    });
    let called = 0;
    for (let topic = 0; topic < 12; topic += 1) {
      const { certificate } = await market.runJob({ text: textAbout(3_000 + topic) });
      const { members } = certificate.body;
      expect(members.map(({ outcome }) => outcome)).toEqual(members.map(() => 'scored'));
      called += members.filter(({ principal, worker }) => principal !== worker).length;
    }
    expect(called).toBeGreaterThan(12);
  });
});

describe('equivocation', () => {
  it('a star that grants twice is found out by the coordinator, and only one of the two counts', async () => {
    const found: (readonly [Statement, Statement])[] = [];
    const isCaller = (node: NodeId): boolean => [1, 2].some((index) => market.experts[index]!.node === node);
    open({
      strangers: [0],
      policy: (situation, random) =>
        isCaller(situation.self.worker)
          ? callAlways(0)(situation, random)
          : { kind: 'work', expectedMicro: 0 },
      parameters: { ...smallParameters, shardSize: 5 },
      onEquivocation: (statements) => found.push(statements),
    });
    const star = market.experts[0]!;
    // It takes whoever comes: sealed answers of an honest expert, with a grant for each.
    serve(star.transport, protocols.claim, claimRequestSchema, async ({ claim, ...asked }) => {
      const { job, principal, worker, ttlMs } = claim.body;
      const nowMs = market.clock.nowMs();
      const grant = signBody(star.keys, grantDomain, {
        claim,
        askBps: 5_000,
        issuedMs: nowMs,
        expiresMs: nowMs + ttlMs,
      });
      const author = { job, principal, worker };
      const { texts, list } = firstListOf(asked);
      const answers = texts.map((each) => int16Bytes(quantise(star.encode(each))));
      const seal = sealOf(author, list, answers, new Uint8Array(16));
      return { grant, commit: signBody(star.keys, commitDomain, { ...author, stage: 'sealed', list, seal }) };
    });
    const { certificate, transcript } = await jobWhere(
      (members) => !members.includes(star.node) && members.filter(isCaller).length === 2,
    );
    expect(transcript.grants).toHaveLength(1);
    // Those whom it also promised lose this job, and nothing else: their witnesses saw that they had answered.
    expect(certificate.body.members.filter(({ outcome }) => outcome === 'missed').length).toBeGreaterThan(0);
    expect(certificate.body.members.filter(({ slashMicro }) => slashMicro > 0n)).toMatchObject([
      // The star that takes everybody does not finish either.
      { outcome: 'late', worker: star.node },
    ]);
    expect(found.length).toBeGreaterThan(0);
    const [a, b] = found[0]!;
    expect(equivocationOf(a, b)).toEqual({ node: star.node, job: certificate.body.job });
    expect(Object.keys(statementDomain)).toContain(a.kind);
  });
});

/** A principal of a real job who says what it likes to expert 0. */
function principalOf(index = 1) {
  const star = market.experts[0]!;
  for (let topic = 0; topic < 200; topic += 1) {
    const text = textAbout(5_000 + topic);
    const { order, salt } = market.order({ text });
    const job = jobIdOf([order.body]) as JobId;
    const tickets = [market.validators[0]!.tickets.release(job)];
    const seed = jobSeed(market.roster.beacon, job, tickets);
    const { first, positions, assignment } = askedQuestion(
      market.view.task,
      [{ text, salt }],
      seed,
      market.roster.parameters,
    );
    const request = { orders: [order], roster: market.rosterHash, tickets, first, positions, assignment };
    const { seats } = openJob([order], market.roster, tickets);
    if (seats.includes(star.node) || !seats.includes(market.experts[index]!.node)) continue;
    return { request, job, seats, star, ...asker(index, request, job) };
  }
  throw new Error('No such job.');
}
function asker(index: number, request: object, job: JobId) {
  const { keys, transport, node } = market.experts[index]!;
  const claim = (changes: Partial<ClaimBody> = {}, by = keys): Claim =>
    signBody(by, claimDomain, {
      job,
      principal: node,
      worker: market.experts[0]!.node,
      index: 0,
      maxAskBps: 5_000,
      issuedMs: market.clock.nowMs(),
      ttlMs: 1_000,
      ...changes,
    });
  return {
    claim,
    ask: (signed: Claim, past: readonly unknown[] = []) =>
      call(
        transport,
        market.experts[0]!.node,
        protocols.claim,
        encode({ ...request, claim: signed, past }),
        claimResponseSchema,
        { timeoutMs: 20_000 },
      ) as Promise<{ grant?: Grant; refusal?: Refusal }>,
  };
}

describe('an honest friend', () => {
  it('gives the same member the same answer, and refuses the others by name', async () => {
    open({ clock: systemClock });
    const { request, job, seats, ask, claim } = principalOf();
    const signed = claim();
    const [first, again] = await Promise.all([ask(signed), ask(signed)]);
    expect(first.grant).toBeDefined();
    expect(again).toEqual(first);
    const others = market.experts.flatMap(({ node }, index) =>
      index !== 1 && seats.includes(node) ? [index] : [],
    );
    for (const index of others) {
      const rival = asker(index, request, job);
      const answer = await rival.ask(rival.claim());
      expect(answer.refusal?.body.heldBy).toBe(market.experts[1]!.node);
    }
  });

  it('refuses who was not drawn, other orders, forged claims and asks below its own', async () => {
    open({ clock: systemClock });
    const { request, job, seats, ask, claim } = principalOf();
    const outsider = market.experts.findIndex(({ node }, index) => index > 0 && !seats.includes(node));
    const stranger = asker(outsider, request, job);
    await expect(stranger.ask(stranger.claim())).rejects.toThrow(/paid member/);
    await expect(ask(claim({}, market.experts[2]!.keys))).rejects.toThrow(/principal/);
    const elsewhere = claim({ job: jobIdOf([{ ...request.orders[0]!.body, clientSeq: 99 }]) });
    await expect(ask(elsewhere)).rejects.toThrow(/another job/);
    await expect(ask(claim({ ttlMs: 60_000 }))).rejects.toThrow(/too long/);
    await expect(ask(claim({ index: 1 }))).rejects.toThrow(/every one before/);
    expect((await ask(claim({ maxAskBps: 4_999 }))).refusal?.body.reason).toMatch(/asks for more/);
  });

  it('a storm of 10,000 claims on one star: bounded work, everyone refused by name or served once', async () => {
    open({ clock: systemClock });
    const { seats, request, job } = principalOf();
    const indices = market.experts.flatMap(({ node }, index) => (seats.includes(node) ? [index] : []));
    const rivals = indices.map((index) => {
      const rival = asker(index, request, job);
      return { ...rival, signed: rival.claim() };
    });
    const tally = { granted: new Set<string>(), served: 0, refused: 0, held: 0, failed: 0 };
    const wave = 500;
    for (let sent = 0; sent < 10_000; sent += wave)
      await Promise.all(
        Array.from({ length: wave }, async (_, each) => {
          const rival = rivals[each % rivals.length]!;
          try {
            const { grant, refusal } = await rival.ask(rival.signed);
            if (grant !== undefined) tally.granted.add(grant.body.claim.body.principal);
            tally.served += grant === undefined ? 0 : 1;
            tally.refused += refusal === undefined ? 0 : 1;
            tally.held += typeof refusal?.body.heldBy === 'string' ? 1 : 0;
          } catch {
            tally.failed += 1;
          }
        }),
      );
    expect(tally.granted.size).toBe(1);
    expect(tally.failed).toBe(0);
    expect(tally.served + tally.refused).toBe(10_000);
    expect(tally.held).toBeGreaterThan(100);
  });
});
