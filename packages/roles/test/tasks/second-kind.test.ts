import { deliveryWeights } from '@market-of-experts/protocol';
import { type FixedMarket, fixedMarket } from '@market-of-experts/testing/fixed-market';
import { numberIn, sequenceSkill, sequenceTask } from '@market-of-experts/testing/sequence-task';
import { smallParameters } from '@market-of-experts/testing/small-market';
import { afterEach, describe, expect, it } from 'vitest';
import type { DecisionPolicy } from '../../src/calling/policy.ts';

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
    const answers = members.map(
      ({ principal }) => transcript.reveals.find((reveal) => reveal.principal === principal)?.full,
    );
    const weights = deliveryWeights(certificate.body, 0, 'winner', smallParameters);
    expect(numberIn(sequenceTask.deliver(answers, weights, smallParameters))).toBe(35);
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

  it('do not compete for what the kind finds too short', async () => {
    market = open();
    await expect(market.runJob({ text: '1 2' })).rejects.toThrow('Three numbers at least.');
  });
});
