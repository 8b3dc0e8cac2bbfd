import type { NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Friend,
  type Prospect,
  type Situation,
  standardNormal,
  thompsonPolicy,
  winProbability,
} from '../../src/calling/policy.ts';

const prospect = (name: string, excess: number, sd = 0.01): Prospect => ({
  worker: name as NodeId,
  standing: excess,
  excess: { mean: excess, sd },
});
const friend = (name: string, excess: number, more: Partial<Friend> = {}): Friend => ({
  ...prospect(name, excess),
  askBps: 5_000,
  free: 1,
  onTime: 1,
  ...more,
});
const situation = (more: Partial<Situation> = {}): Situation => ({
  self: prospect('self', 0.1),
  opponents: [prospect('a', 0), prospect('b', 0.05)],
  friends: [],
  feeMicro: 1_000,
  costMicro: 1,
  faultMicro: 0,
  lateMicro: 100,
  mayDecline: true,
  historyWeight: 4,
  jobNoise: 0.15,
  ...more,
});
/** Reproducible uniform numbers (mulberry32). */
const uniform = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};

describe('thompsonPolicy', () => {
  it('works itself when it is the best', () => {
    const decision = thompsonPolicy(
      situation({ self: prospect('self', -0.3), friends: [friend('f', -0.1)] }),
      uniform(1),
    );
    expect(decision.kind).toBe('work');
    expect(decision.expectedMicro).toBeGreaterThan(900);
  });

  it('calls the best friend first when it is weak itself', () => {
    const friends = [friend('good', -0.2), friend('better', -0.3), friend('weak', 0.2)];
    const decision = thompsonPolicy(situation({ friends }), uniform(2));
    expect(decision).toMatchObject({ kind: 'call', friends: ['better', 'good'] });
    expect(decision.expectedMicro).toBeGreaterThan(400);
    expect(decision.expectedMicro).toBeLessThan(500);
  });

  it('does not call who asks for everything, is always late, or is weaker than itself', () => {
    for (const more of [{ askBps: 10_000 }, { onTime: 0 }] as const)
      expect(
        thompsonPolicy(
          situation({ self: prospect('self', 0), friends: [friend('f', -0.2, more)] }),
          uniform(3),
        ).kind,
      ).toBe('work');
    expect(
      thompsonPolicy(situation({ self: prospect('self', 0), friends: [friend('f', 0.3)] }), uniform(3)).kind,
    ).toBe('work');
  });

  it('calls rather than be at fault, but does not leave the shard for it', () => {
    const self = prospect('self', -0.05);
    const risky = { self, faultMicro: 900, friends: [friend('f', -0.05)] };
    expect(thompsonPolicy(situation({ self, friends: risky.friends }), uniform(7)).kind).toBe('work');
    expect(thompsonPolicy(situation(risky), uniform(7)).kind).toBe('call');
    expect(thompsonPolicy(situation({ ...risky, friends: [] }), uniform(7)).kind).toBe('work');
  });

  it('declines hopeless work that costs something, and works when it may not decline', () => {
    const hopeless = { self: prospect('self', 0.4), costMicro: 50 };
    expect(thompsonPolicy(situation(hopeless), uniform(4)).kind).toBe('decline');
    expect(thompsonPolicy(situation({ ...hopeless, mayDecline: false }), uniform(4)).kind).toBe('work');
  });

  it('tries an expert that nobody knows now and then, and a known weak one never', () => {
    const known = friend('known', -0.1);
    const calls = (candidate: Friend): number => {
      const random = uniform(5);
      let called = 0;
      for (let job = 0; job < 500; job += 1) {
        const decision = thompsonPolicy(situation({ friends: [known, candidate] }), random);
        if (decision.kind === 'call' && decision.friends[0] === candidate.worker) called += 1;
      }
      return called;
    };
    const unknown: Friend = { ...friend('unknown', 0), standing: 0, excess: { mean: 0, sd: 0.6 } };
    expect(calls(unknown)).toBeGreaterThan(10);
    expect(calls(unknown)).toBeLessThan(300);
    expect(calls(friend('weak', 0.2))).toBe(0);
  });
});

describe('winProbability', () => {
  it('is what drawing many times finds', () => {
    const random = uniform(6);
    for (const [score, rivals] of [
      [0, [0, 0]],
      [-0.02, [0, 0.01, -0.05]],
      [0.05, [0, 0]],
    ] as const) {
      const noise = 0.03;
      let wins = 0;
      const trials = 40_000;
      for (let trial = 0; trial < trials; trial += 1) {
        const own = score + noise * standardNormal(random);
        if (rivals.every((rival) => own < rival + noise * standardNormal(random))) wins += 1;
      }
      expect(winProbability(score, rivals, noise)).toBeCloseTo(wins / trials, 1.8);
    }
  });

  it('lies between 0 and 1 and falls with a worse score', () => {
    const number = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(number, fc.array(number, { maxLength: 8 }), (score, rivals) => {
        const better = winProbability(score - 0.1, rivals, 0.03);
        const worse = winProbability(score, rivals, 0.03);
        expect(worse).toBeGreaterThanOrEqual(0);
        expect(better).toBeLessThanOrEqual(1);
        expect(better).toBeGreaterThanOrEqual(worse - 1e-9);
      }),
    );
  });
});
