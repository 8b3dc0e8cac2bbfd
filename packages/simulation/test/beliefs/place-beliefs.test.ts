import { describe, expect, it } from 'vitest';
import { PlaceBeliefs } from '../../src/beliefs/place-beliefs.ts';

const init = { experts: 4, places: 3, friends: 2, halfLifeJobs: 100, jobNoise: 0.13, unitsPerJob: 100 };
const observe = (
  beliefs: PlaceBeliefs,
  expert: number,
  place: number,
  excess: number,
  times: number,
): void => {
  for (let time = 0; time < times; time += 1)
    beliefs.observe({ place, job: 0 }, [
      { expert, principal: expert, lossUnits: 20, excessUnits: 100 * excess, won: false },
    ]);
};

describe('beliefs by place', () => {
  it('are 0 and uncertain for a stranger, and become certain of what is seen', () => {
    const beliefs = new PlaceBeliefs(init);
    const stranger = beliefs.excessOf({ place: 0 }, [0])[0]!;
    expect(stranger.mean).toBe(0);
    observe(beliefs, 0, 0, -0.2, 200);
    const known = beliefs.excessOf({ place: 0 }, [0])[0]!;
    expect(known.mean).toBeCloseTo(-0.2, 2);
    expect(known.sd).toBeLessThan(stranger.sd / 5);
  });

  it('carry over to other places in part', () => {
    const beliefs = new PlaceBeliefs(init);
    observe(beliefs, 0, 0, -0.2, 200);
    const elsewhere = beliefs.excessOf({ place: 1 }, [0])[0]!;
    expect(elsewhere.mean).toBeLessThan(-0.05);
    expect(elsewhere.mean).toBeGreaterThan(-0.2);
    expect(elsewhere.sd).toBeGreaterThan(beliefs.excessOf({ place: 0 }, [0])[0]!.sd);
  });

  it('order the best of a place, and look again after a settlement', () => {
    const beliefs = new PlaceBeliefs(init);
    observe(beliefs, 2, 1, -0.2, 10);
    observe(beliefs, 3, 1, -0.1, 10);
    observe(beliefs, 0, 1, 0.2, 10);
    expect(beliefs.bestAt(1)).toEqual([2, 3]);
    observe(beliefs, 1, 1, -0.4, 50);
    expect(beliefs.bestAt(1)).toEqual([2, 3]);
    beliefs.settled(0);
    expect(beliefs.bestAt(1)).toEqual([1, 2]);
  });

  it('fade: one half-life halves what is known', () => {
    const beliefs = new PlaceBeliefs(init);
    observe(beliefs, 0, 0, -0.2, 20);
    beliefs.settled(100);
    const fresh = new PlaceBeliefs(init);
    observe(fresh, 0, 0, -0.2, 10);
    expect(beliefs.excessOf({ place: 0 }, [0])[0]!.mean).toBeCloseTo(
      fresh.excessOf({ place: 0 }, [0])[0]!.mean,
      12,
    );
    expect(beliefs.excessOf({ place: 0 }, [0])[0]!.sd).toBeCloseTo(
      fresh.excessOf({ place: 0 }, [0])[0]!.sd,
      12,
    );
  });
});
