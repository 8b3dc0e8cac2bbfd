import { encode, type JobId, signBody } from '@market-of-experts/core';
import { memoryGuard } from '@market-of-experts/ledger/guard';
import {
  type Claim,
  type ClaimBody,
  claimDomain,
  equivocationOf,
  jobIdOf,
  jobSeed,
  openJob,
  type Statement,
} from '@market-of-experts/protocol';
import { askedQuestion } from '@market-of-experts/testing/asked-question';
import { encoderBackend } from '@market-of-experts/testing/encoders';
import { type SmallMarket, smallMarket, smallParameters } from '@market-of-experts/testing/small-market';
import { steppedClock } from '@market-of-experts/testing/stepped-clock';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expertRole } from '../../src/expert/expert-role.ts';
import { call } from '../../src/messages/messaging.ts';
import { claimResponseSchema, protocols } from '../../src/messages/protocols.ts';
import { embeddingSkill } from '../../src/tasks/embedding/embedding-skill.ts';

let market: SmallMarket;
/** While it is false, the friend's model hangs. */
let isReady = true;
const clock = steppedClock();
const friend = () => market.experts[0]!;

/** A process of expert 0: on a market whose guard outlives it. */
const startFriend = (init: { readonly maxClaims?: number } = {}): void => {
  const { keys, transport, encode: embed } = friend();
  expertRole({ signer: market.signerOf(keys), ...init })({
    transport,
    view: market.view,
    clock,
    random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    skill: embeddingSkill({
      ...encoderBackend('expert-0', smallParameters.dimensions, embed),
      embed: async (texts) => {
        while (!isReady) await clock.sleep(5);
        return texts.map(embed);
      },
    }),
  });
};
const restartFriend = async (): Promise<void> => {
  const { node, transport } = friend();
  await transport.close();
  Object.assign(friend(), { transport: market.network.connect(node) });
  startFriend();
};

beforeEach(() => {
  isReady = true;
  market = smallMarket({ strangers: [0], clock, guard: memoryGuard(clock.nowMs) });
});
afterEach(async () => {
  await friend().transport.close();
  await market.close();
});

/** A job in which expert 0 has no seat, and a member of it who says what it likes. */
function principal() {
  for (let topic = 0; topic < 200; topic += 1) {
    const text = textAbout(7_000 + topic);
    const { order, salt } = market.order({ text });
    const job = jobIdOf([order.body]) as JobId;
    const tickets = [market.validators[0]!.tickets.release(job)];
    const { first, positions, assignment } = askedQuestion(
      market.view.task,
      [{ text, salt }],
      jobSeed(market.roster.beacon, job, tickets),
      market.roster.parameters,
    );
    const { draw, seats } = openJob([order], market.roster, tickets);
    if (seats.includes(friend().node)) continue;
    const { keys, transport, node } = market.experts.find((expert) => expert.node === draw.members[0])!;
    const claim = (changes: Partial<ClaimBody> = {}): Claim =>
      signBody(keys, claimDomain, {
        job,
        principal: node,
        worker: friend().node,
        index: 0,
        maxAskBps: 5_000,
        issuedMs: clock.nowMs(),
        ttlMs: 1_000,
        ...changes,
      });
    /** What the friend signed about a claim, or nothing. */
    const ask = async (signed: Claim): Promise<Statement | undefined> => {
      const request = encode({
        orders: [order],
        roster: market.rosterHash,
        tickets,
        first,
        positions,
        assignment,
        claim: signed,
        past: [],
      });
      try {
        const answer = await call(transport, friend().node, protocols.claim, request, claimResponseSchema, {
          timeoutMs: 5_000,
        });
        return 'grant' in answer
          ? { kind: 'grant', signed: answer.grant }
          : { kind: 'refusal', signed: answer.refusal };
      } catch {
        return undefined;
      }
    };
    return { claim, ask };
  }
  throw new Error('No such job.');
}

/** Whether any two of what was signed contradict one another. */
function contradictions(said: readonly (Statement | undefined)[]): number {
  const signed = said.filter((statement) => statement !== undefined);
  return signed.flatMap((a) => signed.filter((b) => equivocationOf(a, b) !== undefined)).length;
}
const kindsOf = (said: readonly (Statement | undefined)[]) => [...new Set(said.map((each) => each?.kind))];

describe('an honest friend whom a member wants to frame', () => {
  it('gives a granted claim, resent after its time, the same grant', async () => {
    startFriend();
    const { claim, ask } = principal();
    const signed = claim();
    const said = [await ask(signed)];
    for (const waitMs of [500, 600, 5_000, 20_000]) {
      clock.advance(waitMs);
      said.push(await ask(signed));
    }
    expect(kindsOf(said)).toEqual(['grant']);
    expect(new Set(said.map((each) => JSON.stringify(each)))).toHaveProperty('size', 1);
    // Much later, when the order is over, it says nothing at all.
    clock.advance(300_000);
    said.push(await ask(signed));
    expect(said.at(-1)).toBeUndefined();
    expect(contradictions(said)).toBe(0);
  });

  it('signs no refusal of a claim that comes 400 times at once, by retries or by malice', async () => {
    startFriend({ maxClaims: 8 });
    const { claim, ask } = principal();
    const signed = claim();
    isReady = false;
    const waves = Array.from({ length: 200 }, () => ask(signed));
    await clock.sleep(50);
    isReady = true;
    const said = await Promise.all([...waves, ...Array.from({ length: 200 }, () => ask(signed))]);
    // What the transport does not take at once gets no answer, and so no refusal.
    expect(kindsOf(said).filter((kind) => kind !== undefined)).toEqual(['grant']);
    expect(contradictions(said)).toBe(0);
  });

  it('signs nothing about what it cannot look at now, so that the same claim can be granted later', async () => {
    startFriend({ maxClaims: 1 });
    const busy = principal();
    const { claim, ask } = principal();
    isReady = false;
    const first = busy.ask(busy.claim());
    await clock.sleep(5);
    const signed = claim();
    const said = [await ask(signed)];
    expect(said).toEqual([undefined]);
    isReady = true;
    await first;
    said.push(await ask(signed));
    expect(kindsOf(said)).toEqual([undefined, 'grant']);
    expect(contradictions(said)).toBe(0);
  });

  it('grants at once after its start: no quiet time in which it would refuse what it grants a second later', async () => {
    startFriend();
    const { claim, ask } = principal();
    const signed = claim();
    const said = [await ask(signed), await ask(signed)];
    clock.advance(2_500);
    said.push(await ask(signed));
    expect(kindsOf(said)).toEqual(['grant']);
  });

  it('after a restart says nothing more in a job in which it has said something', async () => {
    startFriend();
    const { claim, ask } = principal();
    const [granted, rival] = [claim(), claim({ ttlMs: 900 })];
    const said = [await ask(granted)];
    expect(kindsOf(said)).toEqual(['grant']);
    await restartFriend();
    for (const waitMs of [0, 1_000, 10_000]) {
      clock.advance(waitMs);
      said.push(await ask(granted), await ask(rival));
    }
    expect(kindsOf(said.slice(1))).toEqual([undefined]);
    expect(contradictions(said)).toBe(0);
    // Another job it serves as ever.
    const next = principal();
    expect((await next.ask(next.claim()))?.kind).toBe('grant');
  });

  it('refuses a claim for good once its model has failed, also when the model is back', async () => {
    startFriend();
    const { claim, ask } = principal();
    isReady = false;
    const signed = claim({ ttlMs: 300 });
    const first = ask(signed);
    await clock.sleep(400);
    isReady = true;
    const said = [await first];
    for (const waitMs of [0, 200, 2_000]) {
      clock.advance(waitMs);
      said.push(await ask(signed));
    }
    expect(contradictions(said)).toBe(0);
    expect(said.some((each) => each?.kind === 'grant')).toBe(false);
  });
});
