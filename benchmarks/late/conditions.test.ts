import { describe, expect, it } from 'vitest';
import { computeMs, medianComputeMs, networks, weatherOf } from './conditions.ts';
import { uniformFrom } from './random.ts';

const world = networks.find(({ name }) => name === 'world')!;
const delays = (seed: number, job: number): number[] => {
  const weather = weatherOf(world, seed);
  weather.startJob(job);
  return Array.from({ length: 200 }, (_, message) => weather.delayMs(message % 7, 8));
};

describe('the weather', () => {
  it('follows from seed and job, and differs with either', () => {
    expect(delays(1, 5)).toEqual(delays(1, 5));
    expect(delays(1, 5)).not.toEqual(delays(1, 6));
    expect(delays(1, 5)).not.toEqual(delays(2, 5));
  });

  it('does not depend on the order in which links are used', () => {
    const one = weatherOf(world, 3);
    const other = weatherOf(world, 3);
    one.startJob(0);
    other.startJob(0);
    const first = [one.delayMs(1, 2), one.delayMs(3, 4)];
    expect([other.delayMs(3, 4), other.delayMs(1, 2)]).toEqual(first.reverse());
  });

  it('has spikes as often as it says, and remembers on which link', () => {
    const weather = weatherOf({ ...world, spikeRate: 0.01 }, 4);
    let spikes = 0;
    const messages = 20_000;
    for (let job = 0; job < messages; job += 1) {
      weather.startJob(job);
      const isLong = weather.delayMs(1, 2) >= 500;
      expect(weather.hadSpike(1, 2)).toBe(isLong);
      expect(weather.hadSpike(2, 1)).toBe(false);
      if (isLong) spikes += 1;
    }
    // Six deviations of a binomial about 200.
    expect(spikes).toBeGreaterThan(115);
    expect(spikes).toBeLessThan(285);
  });
});

describe('computing', () => {
  it('takes the median in the middle of its draws, in proportion to the length', () => {
    const uniform = uniformFrom(5);
    const medianMs = medianComputeMs(6, 12);
    for (const halves of [1, 3]) {
      const drawn = Array.from({ length: 20_001 }, () => computeMs(uniform, medianMs, halves));
      const middle = drawn.sort((a, b) => a - b)[10_000]!;
      expect(middle / (halves * medianMs)).toBeGreaterThan(0.97);
      expect(middle / (halves * medianMs)).toBeLessThan(1.05);
    }
  });

  it('spreads the experts from 5 to 200 ms', () => {
    expect(medianComputeMs(0, 12)).toBeCloseTo(5);
    expect(medianComputeMs(11, 12)).toBeCloseTo(200);
  });
});
