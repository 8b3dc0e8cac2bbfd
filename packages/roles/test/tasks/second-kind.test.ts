import { decode, encode, type NodeId } from '@market-of-experts/core';
import { certificateEffects, jobIdOf, orderId, signSettlement } from '@market-of-experts/protocol';
import type { SettlementProof } from '@market-of-experts/receipts/settlement-proof';
import { type FixedMarket, fixedMarket } from '@market-of-experts/testing/fixed-market';
import { numberIn, sequenceSkill, sequenceTask } from '@market-of-experts/testing/sequence-task';
import { smallParameters } from '@market-of-experts/testing/small-market';
import { virtualClock } from '@market-of-experts/testing/virtual-clock';
import { afterEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { DecisionPolicy } from '../../src/calling/policy.ts';
import type { OrderNumber } from '../../src/job/order-number.ts';
import {
  fullRequestSchema,
  noteRequestSchema,
  protocols,
  sealedRequestSchema,
  voidResponseSchema,
} from '../../src/messages/protocols.ts';
import { settlementResponseSchema } from '../../src/messages/settlement-request.ts';
import { proposalOf } from '../../src/settlement/settlement-proposal.ts';

/** How far off the guesses of the experts are. */
const errors = [4, 1, 9, 2, 6, 3];
const callAnybody: DecisionPolicy = ({ friends }) => ({
  kind: 'call',
  friends: friends.map(({ worker }) => worker),
  expectedMicro: 0,
});
let market: FixedMarket;
afterEach(async () => market.close());

const open = (changes: Partial<Parameters<typeof fixedMarket>[0]> = {}): FixedMarket =>
  fixedMarket({
    parameters: smallParameters,
    experts: errors.length,
    validators: 1,
    kind: { task: sequenceTask, skill: (index) => sequenceSkill(errors[index]!) },
    ...changes,
  });
const errorOf = (node: string): number => errors[market.experts.findIndex((expert) => expert.node === node)]!;

const place = () => ({ network: market.roster.network, market: market.roster.market });

describe('experts, witnesses and coordinator of another kind of market than text embeddings', () => {
  it('compete: each is scored by its own guess, and the nearest wins', async () => {
    market = open();
    const { certificate, transcript } = await market.runJob({ text: '5 10 15 20 25 30' });
    const { members, data } = certificate.body;
    const { winner } = data[0]!;
    expect(members.map(({ outcome, losses: [loss], worker }) => [outcome, loss, worker])).toEqual(
      members.map(({ worker }) => ['scored', [errorOf(worker), 16], worker]),
    );
    expect(errorOf(winner!)).toBe(Math.min(...members.map(({ worker }) => errorOf(worker))));
    const whole = transcript.question.assignment[0]!.second.at(-1)!;
    for (const { second } of transcript.reveals) expect(numberIn(second[whole]!)).toBe(35);
  });

  it('call friends, who answer in their place', async () => {
    market = open({ policy: callAnybody });
    const { certificate } = await market.runJob({ text: '7 14 21 28' });
    const called = certificate.body.members.filter(({ principal, worker }) => principal !== worker);
    expect(called.length).toBeGreaterThan(0);
    for (const {
      outcome,
      losses: [loss],
      worker,
    } of called)
      expect([outcome, loss]).toEqual(['scored', [errorOf(worker), 16]]);
  });

  it('take three texts of three clients in one job: three winners, three fees, one certificate', async () => {
    // Two experts are good at each row, by how it begins: one of them is always drawn.
    market = open({
      kind: {
        task: sequenceTask,
        skill: (index) =>
          sequenceSkill((begins) => (Math.floor(index / 2) === begins - 1 ? index % 2 : 8 + index)),
      },
      parameters: { ...smallParameters, shardSize: 5 },
    });
    const texts = { alice: '1 2 3 4', bob: '2 4 6 8', carol: '3 6 9 12' };
    const { certificate, transcript } = await market.runBatch(texts, ['10 20 30', '5 6 7']);
    const { members, data, job } = certificate.body;
    expect(job).toBe(jobIdOf(transcript.orders.map(({ body }) => body)));
    expect(data.map(({ order }) => order)).toEqual(transcript.orders.map(({ body }) => orderId(body)));
    expect(transcript.question.first).toHaveLength(3);
    expect(transcript.question.second).toHaveLength(8);
    expect(members.every(({ outcome, losses }) => outcome === 'scored' && losses.length === 3)).toBe(true);
    expect(new Set(data.map(({ winner }) => winner)).size).toBe(3);
    for (const [datum, { winner, feeMicro }] of data.entries()) {
      const least = Math.min(...members.map(({ losses }) => losses[datum]![0]));
      expect(members.find(({ principal }) => principal === winner)!.losses[datum]![0]).toBe(least);
      expect(feeMicro).toBeGreaterThan(0n);
    }
    // Each order by itself: its client pays its winner.
    const effects = data.map((_, datum) => certificateEffects(certificate, datum, market.roster));
    for (const [datum, { client, deltas }] of effects.entries()) {
      expect(client).toBe(data[datum]!.client);
      expect(deltas.find(({ account }) => account === client)!.deltaMicro).toBe(-data[datum]!.feeMicro);
      expect(deltas.filter(({ node }) => node !== undefined).map(({ node }) => node)).toEqual([
        data[datum]!.winner,
      ]);
    }
    // … and all of them together, with one proof, as validators check it.
    const { settlement, proofs } = proposalOf(
      effects.map((each, datum) => ({
        proof: {
          kind: 'certificate',
          certificate,
          data: [datum],
          tickets: transcript.tickets,
          roster: market.rosterHash,
        },
        effects: each,
      })),
      { ...place(), batch: 0, gateway: market.coordinator.node, by: market.coordinator.node },
      { nextOrderSeq: () => 0 },
    );
    expect(proofs).toHaveLength(1);
    expect(settlement).toMatchObject({ certificates: 3, orders: [{ toSeq: 1 }, { toSeq: 1 }, { toSeq: 1 }] });
    const settle = async (request: unknown) =>
      decode(
        await market.coordinator.transport.request(
          market.validators[0]!.node,
          protocols.settle,
          encode(request),
          { timeoutMs: 5_000 },
        ),
        settlementResponseSchema,
      );
    const [proof] = proofs as [Extract<SettlementProof, { kind: 'certificate' }>];
    for (const wrong of [
      [0, 1],
      [0, 1, 2, 2],
      [0, 1, 3],
    ])
      await expect(settle({ settlement, proofs: [{ ...proof, data: wrong }] })).rejects.toThrow();
    expect(await settle({ settlement, proofs })).toEqual({
      signature: signSettlement(market.validators[0]!.keys, settlement),
    });
    const whole = transcript.question.assignment[1]!.second.at(-1)!;
    for (const { second } of transcript.reveals) expect([5, 10, 15]).toContain(numberIn(second[whole]!));
  });

  it.each([
    ['first', protocols.sealed, sealedRequestSchema],
    ['second', protocols.full, fullRequestSchema],
  ] as const)(
    'lose nothing where the coordinator shows one of them another %s list',
    async (list, protocol, schema) => {
      market = open();
      const { transport } = market.coordinator;
      const request = transport.request.bind(transport);
      let victim: NodeId | undefined;
      transport.request = (to, name, bytes, options) => {
        if (name !== protocol) return request(to, name, bytes, options);
        victim ??= to;
        if (to !== victim) return request(to, name, bytes, options);
        const asked = decode(bytes, schema as z.ZodType<unknown>) as Record<
          string,
          { texts: string[]; salt: Uint8Array }
        >;
        const other = { ...asked[list]!, texts: asked[list]!.texts.map((text) => `9 ${text}`) };
        return request(to, name, encode({ ...asked, [list]: other }), options);
      };
      const { certificate } = await market.runBatch({ alice: '1 2 3 4', bob: '2 4 6 8' });
      for (const { principal, outcome, slashMicro } of certificate.body.members) {
        expect(slashMicro).toBe(0n);
        expect(outcome).toBe(principal === victim ? 'missed' : 'scored');
      }
      expect(certificate.body.data.every(({ winner }) => winner !== null)).toBe(true);
    },
  );

  it('lose nothing where the coordinator dies between the seals and their opening, and no client pays', async () => {
    const clock = virtualClock();
    market = open({ clock });
    const { transport, node } = market.coordinator;
    const request = transport.request.bind(transport);
    let isDead = false;
    const orders: OrderNumber[] = [];
    transport.request = (to, name, bytes, options) => {
      if (name === protocols.note && orders.length === 0)
        for (const { body } of decode(bytes, noteRequestSchema).orders) orders.push(body);
      isDead ||= name === protocols.reveal;
      return isDead ? Promise.reject(new Error('dead')) : request(to, name, bytes, options);
    };
    await expect(market.runBatch({ alice: '1 2 3', bob: '2 4 6', carol: '3 6 9' })).rejects.toThrow();
    isDead = false;
    transport.request = request;
    expect(orders).toHaveLength(3);
    const askVoid = ({ client, clientSeq }: OrderNumber) =>
      request(market.validators[0]!.node, protocols.void, encode({ client, clientSeq }), {
        timeoutMs: 5_000,
      });
    for (const order of orders) await expect(askVoid(order)).rejects.toThrow(/stands for another job/);
    await clock.sleep(10 * 60_000);
    for (const order of orders)
      expect(decode(await askVoid(order), voidResponseSchema)).toEqual({ isVoid: true });
    expect(node).toBe(transport.self);
  });

  it('do not compete for what the kind finds too short', async () => {
    market = open();
    await expect(market.runJob({ text: '1 2' })).rejects.toThrow('Three numbers at least.');
    await expect(market.runBatch({ alice: '1 2 3', bob: '1 2' })).rejects.toThrow('Three numbers at least.');
  });
});
