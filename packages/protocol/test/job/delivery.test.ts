import { hashOf, type NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CertifiedMember } from '../../src/job/certificate.ts';
import { type Delivery, deliveryWeights } from '../../src/job/delivery.ts';
import { defaultParameters } from '../../src/parameters/market-parameters.ts';

const node = (index: number): NodeId => hashOf('test/node', index) as string as NodeId;
const member = (index: number, worse: number, outcome: CertifiedMember['outcome'], onProbation = false) =>
  ({
    principal: node(index),
    worker: node(index),
    workerBps: 10_000,
    onProbation,
    outcome,
    losses: [outcome === 'scored' || outcome === 'outlier' ? ([worse, 128] as const) : null],
    standing: { global: [0, 0], place: [0, 0] },
    slashMicro: 0n,
    workerSlashMicro: 0n,
  }) satisfies CertifiedMember;
const bodyOf = (members: readonly CertifiedMember[], winner: NodeId | null = members[0]!.principal) => ({
  members,
  data: [{ winner }],
});
const deliveries: Delivery[] = ['ensemble', 'expected-best', 'winner'];
const members = fc
  .array(
    fc.tuple(fc.nat(128), fc.constantFrom('scored', 'outlier', 'missed', 'wrong-reveal'), fc.boolean()),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) =>
    list.map(([worse, outcome, onProbation], index) =>
      member(index, worse, outcome as 'scored', onProbation),
    ),
  );
const canWin = ({ outcome, onProbation }: CertifiedMember) => outcome === 'scored' && !onProbation;

describe('delivery weights', () => {
  it('add up to 1 over paid, scored members, and are 0 for everyone else', () => {
    fc.assert(
      fc.property(members, fc.constantFrom(...deliveries), (list, delivery) => {
        const able = list.filter(canWin);
        const weights = deliveryWeights(
          bodyOf(list, able[0]?.principal ?? null),
          0,
          delivery,
          defaultParameters,
        );
        for (const [index, each] of list.entries()) {
          expect(weights[index]! >= 0 && weights[index]! <= 1).toBe(true);
          if (!canWin(each)) expect(weights[index]).toBe(0);
        }
        const sum = weights.reduce((total, weight) => total + weight, 0);
        expect(sum).toBeCloseTo(able.length > 0 ? 1 : 0, 9);
      }),
    );
  });

  it('a lower expected loss never weighs less', () => {
    const weights = deliveryWeights(
      bodyOf([member(0, 10, 'scored'), member(1, 20, 'scored'), member(2, 90, 'scored')]),
      0,
      'ensemble',
      defaultParameters,
    );
    expect(weights[0]).toBeGreaterThan(weights[1]!);
    expect(weights[1]).toBeGreaterThan(weights[2]!);
  });

  it('become those of the best as the temperature falls, and at 0 are', () => {
    const list = [member(0, 30, 'scored'), member(1, 20, 'scored'), member(2, 0, 'missed')];
    for (const ensembleTemperature of [1e-6, 0])
      expect(
        deliveryWeights(bodyOf(list), 0, 'ensemble', { ...defaultParameters, ensembleTemperature }),
      ).toEqual([0, 1, 0]);
    expect(deliveryWeights(bodyOf(list), 0, 'expected-best', defaultParameters)).toEqual([0, 1, 0]);
    expect(deliveryWeights(bodyOf(list), 0, 'winner', defaultParameters)).toEqual([1, 0, 0]);
  });
});
