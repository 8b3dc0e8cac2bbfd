import { defaultParameters } from '@market-of-experts/protocol';
import { describe, expect, it } from 'vitest';
import { machinePace, stretched } from '../../src/view/pace.ts';

describe('the pace of a machine', () => {
  it('slows down when half of the seats need long, to eight times at most', () => {
    const pace = machinePace();
    for (let stage = 0; stage < 10; stage += 1)
      pace.observe({
        answersMs: [100, 1_500, 4_000].map((ms) => ms * pace.factor()),
        deadlineMs: 4_000 * pace.factor(),
      });
    expect(pace.factor()).toBe(8);
  });

  it('is not slowed down by a minority that is slow or silent', () => {
    const pace = machinePace();
    for (let stage = 0; stage < 100; stage += 1)
      pace.observe({ answersMs: [100, 120, 150, 4_000, 4_000], deadlineMs: 4_000 });
    expect(pace.factor()).toBe(1);
  });

  it('comes back step by step when the load is gone, and does not swing', () => {
    let changes = 0;
    const pace = machinePace(() => {
      changes += 1;
    });
    const observe = (ms: number): void =>
      pace.observe({ answersMs: [ms], deadlineMs: 4_000 * pace.factor() });
    for (let stage = 0; stage < 4; stage += 1) observe(3_000);
    const slow = pace.factor();
    expect(slow).toBe(4);
    for (let stage = 0; stage < 500; stage += 1) observe(3_000);
    expect(pace.factor()).toBe(4);
    expect(changes).toBe(2);
    for (let stage = 0; stage < 500; stage += 1) observe(100);
    expect(pace.factor()).toBe(1);
  });

  it('stretches deadlines and nothing else', () => {
    expect(stretched(defaultParameters, 1)).toBe(defaultParameters);
    const { sealedDeadlineMs, fullDeadlineMs, revealDeadlineMs, cutGraceMs, claimTtlMs } = defaultParameters;
    expect(stretched(defaultParameters, 4)).toEqual({
      ...defaultParameters,
      sealedDeadlineMs: 4 * sealedDeadlineMs,
      fullDeadlineMs: 4 * fullDeadlineMs,
      revealDeadlineMs: 4 * revealDeadlineMs,
      cutGraceMs: 4 * cutGraceMs,
      claimTtlMs: 4 * claimTtlMs,
    });
  });
});
