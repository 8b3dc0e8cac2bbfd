import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawDistinct, drawStream } from '../../src/random/stream.ts';

describe('draw stream', () => {
  // Computed by an independent program from the definition: SHA-256 of `moe/stream/1:label:seed:COUNTER`.
  it('gives these numbers for ever: verifiers of old jobs depend on them', () => {
    const stream = drawStream('seed', 'label');
    expect(Array.from({ length: 8 }, () => stream.below(1_000))).toEqual([
      259, 576, 463, 599, 846, 856, 15, 500,
    ]);
    expect(drawStream('seed', 'label').belowBig(10n ** 30n)).toBe(361308551789286132055058816487n);
    expect([...drawDistinct(drawStream('seed', 'label'), 10, 5)]).toEqual([9, 3, 0, 8, 6]);
  });

  it('differs by seed and by label', () => {
    const first = (seed: string, label: string) => drawStream(seed, label).below(2 ** 32);
    expect(new Set([first('a', 'x'), first('a', 'y'), first('b', 'x')]).size).toBe(3);
  });

  it('is uniform (chi-square, 19 degrees of freedom, p > 10⁻⁵)', () => {
    const stream = drawStream('uniform', 'test');
    const counts = new Array<number>(20).fill(0);
    const bigCounts = new Array<number>(20).fill(0);
    const draws = 20_000;
    for (let draw = 0; draw < draws; draw += 1) {
      counts[stream.below(20)]! += 1;
      bigCounts[Number(stream.belowBig(20n))]! += 1;
    }
    for (const observed of [counts, bigCounts]) {
      const expected = draws / 20;
      const chiSquare = observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(chiSquare).toBeLessThan(58);
    }
  });

  it('stays below its bound, up to the largest', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 2 ** 32 }),
        fc.bigInt(1n, 2n ** 127n),
        (seed, bound, big) => {
          const stream = drawStream(seed, 'bounds');
          const value = stream.below(bound);
          const bigValue = stream.belowBig(big);
          expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
          expect(bigValue >= 0n && bigValue < big).toBe(true);
        },
      ),
    );
  });

  it('draws different indices, all of them when asked for more than there are', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(250), (size, count) => {
        const drawn = [...drawDistinct(drawStream('s', `${size}/${count}`), size, count)];
        expect(drawn).toHaveLength(Math.min(size, count));
        expect(new Set(drawn).size).toBe(drawn.length);
        expect(drawn.every((index) => index < size)).toBe(true);
      }),
    );
  });
});
