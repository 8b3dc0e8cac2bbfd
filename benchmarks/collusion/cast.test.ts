import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { castOf, houses, TOTAL_STAKE } from './cast.ts';
import { gaussians } from './gaussians.ts';

const shares = fc.integer({ min: 1, max: 19 }).map((twentieths) => twentieths / 20);
const splits = fc.integer({ min: 1, max: 3 });
const draws = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: houses, maxLength: houses });

describe('castOf', () => {
  it('gives the cabal its share of stake, models and owners, whatever the draws and the split', () => {
    fc.assert(
      fc.property(shares, splits, draws, (share, parts, drawn) => {
        const cast = castOf(share, parts, drawn);
        const stakeOf = (isCabal: boolean): number =>
          cast.stake.reduce(
            (sum, stake, validator) => sum + (cast.isCabalValidator[validator] === isCabal ? stake : 0),
            0,
          );
        expect(stakeOf(true) / TOTAL_STAKE).toBeCloseTo(share, 9);
        expect(stakeOf(false) / TOTAL_STAKE).toBeCloseTo(1 - share, 9);
        const modelsOf = (isCabal: boolean): number =>
          new Set(cast.modelOf.filter((_, expert) => cast.isCabalExpert[expert] === isCabal)).size;
        expect(modelsOf(true)).toBe(Math.round(100 * share));
        expect(modelsOf(true) + modelsOf(false)).toBe(100);
        expect(cast.isCabalExpert.filter(Boolean)).toHaveLength(parts * modelsOf(true));
        expect(cast.isCabalValidator.filter(Boolean)).toHaveLength(parts * Math.round(houses * share));
      }),
      { numRuns: 60 },
    );
  });
});

describe('gaussians', () => {
  it('are standard normal, the same for the same seed and others for another', () => {
    const drawn = [...gaussians(20_000, 1, 2)];
    const mean = drawn.reduce((sum, draw) => sum + draw, 0) / drawn.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(drawn.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / drawn.length).toBeCloseTo(1, 1);
    expect([...gaussians(20_000, 1, 2)]).toEqual(drawn);
    expect(gaussians(20_000, 1, 3)[0]).not.toBe(drawn[0]);
  });
});
