import { hashOf, type NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddedParameters as parameters } from '../../src/parameters/market-parameters.ts';
import { compareFractions, fraction, shrink, toNumber } from '../../src/scoring/fraction.ts';
import {
  type CertifiedLoss,
  excessUnits,
  placeExcess,
  Standings,
  shrunkenLoss,
  lossUnitsPerDatum as units,
} from '../../src/scoring/standings.ts';

const node = (index: number): NodeId => hashOf('test/node', index) as string as NodeId;
const losses = fc.array(
  fc.record({
    node: fc.nat(3).map(node),
    place: fc.nat(4),
    lossUnits: fc.nat(units),
    excessUnits: fc.integer({ min: -units, max: units }),
    won: fc.boolean(),
  }),
  { maxLength: 60 },
);

describe('fractions', () => {
  it('compare and shrink exactly', () => {
    expect(compareFractions(fraction(1, 3), fraction(2, 6))).toBe(0);
    expect(compareFractions(fraction(333_333_333, 1_000_000_000), fraction(1, 3))).toBeLessThan(0);
    // (4·½ + 3/7) / (4 + 1) = 17/35
    expect(compareFractions(shrink(fraction(1, 2), 4n, fraction(3, 7), 1n), fraction(17, 35))).toBe(0);
    expect(toNumber(fraction(1, 4))).toBe(0.25);
  });
});

describe('standings', () => {
  it('are a fold: batch by batch as all at once, and never changed in place', () => {
    fc.assert(
      fc.property(losses, losses, (first, second) => {
        const before = Standings.empty.with(first);
        const rows = before.toRows();
        const after = before.with(second);
        expect(before.toRows()).toEqual(rows);
        expect(sorted(after)).toEqual(sorted(Standings.empty.with([...first, ...second])));
        expect(Standings.empty.toRows()).toEqual([]);
      }),
    );
  });

  it('survive a snapshot', () => {
    fc.assert(
      fc.property(losses, (list) => {
        const table = Standings.empty.with(list);
        const again = Standings.fromRows(table.toRows());
        expect(sorted(again)).toEqual(sorted(table));
        for (let expert = 0; expert < 4; expert += 1)
          for (let place = 0; place < 5; place += 1)
            expect(again.of(node(expert), place)).toEqual(table.of(node(expert), place));
      }),
    );
  });

  it('count jobs, losses and wins, in each place and altogether', () => {
    const list: CertifiedLoss[] = [
      { node: node(0), place: 1, lossUnits: 10, excessUnits: -5, won: true },
      { node: node(0), place: 1, lossUnits: 20, excessUnits: 3, won: false },
      { node: node(0), place: 2, lossUnits: 40, excessUnits: 8, won: false },
    ];
    expect(Standings.empty.with(list).of(node(0), 1)).toEqual({
      global: { jobs: 3, lossUnits: 70, excessUnits: 6, wins: 1 },
      place: { jobs: 2, lossUnits: 30, excessUnits: -2, wins: 1 },
    });
  });
});

describe('shrinkage', () => {
  const none = { jobs: 0, excessUnits: 0 };

  it('takes a stranger for as good as the others, and is exact for everyone else', () => {
    expect(compareFractions(placeExcess({ global: none, place: none }, parameters), fraction(0, 1))).toBe(0);
    // global: (4·0 − 6·¼) / 10 = −3/20; at the place: (−16·3/20 + 2·⅛) / 18 = −43/360
    const standing = {
      global: { jobs: 6, excessUnits: (-6 * units) / 4 },
      place: { jobs: 2, excessUnits: (2 * units) / 8 },
    };
    expect(compareFractions(placeExcess(standing, parameters), fraction(-43, 360))).toBe(0);
    // Four of the standing against one job: (4·0 + 1) / 5
    const shrunken = shrunkenLoss(fraction(1, 1), { global: none, place: none }, parameters);
    expect(compareFractions(shrunken, fraction(1, 5))).toBe(0);
  });

  it('a lower loss never gives a higher expectation, and none leaves its range', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.integer(), fc.nat(128), (jobs, more, seed, compared) => {
        const global = { jobs: jobs + more, excessUnits: seed % ((jobs + more) * units + 1) };
        const place = {
          jobs,
          excessUnits: Math.max(-jobs * units, Math.min(global.excessUnits, jobs * units)),
        };
        const of = (worse: number) => shrunkenLoss(fraction(worse, 129), { global, place }, parameters);
        expect(compareFractions(of(compared), of(compared + 1))).toBeLessThan(0);
        const expected = toNumber(placeExcess({ global, place }, parameters));
        expect(expected >= -1 && expected <= 1).toBe(true);
      }),
    );
  });

  it('an excess is over the mean of the others, whole, and 0 alone', () => {
    expect(excessUnits(10, [4, 5])).toBe(6);
    expect(excessUnits(4, [4, 5])).toBe(0);
    expect(Object.is(excessUnits(0, []), 0)).toBe(true);
    expect(Object.is(excessUnits(4, [4]), 0)).toBe(true);
    fc.assert(
      fc.property(fc.array(fc.nat(units), { minLength: 2, maxLength: 9 }), (all) => {
        const sum = all
          .map((own, index) =>
            excessUnits(
              own,
              all.filter((_, other) => other !== index),
            ),
          )
          .reduce((total, excess) => total + excess, 0);
        // Nobody gains without others losing as much, but for rounding.
        expect(Math.abs(sum)).toBeLessThanOrEqual(all.length / 2);
      }),
    );
  });
});

function sorted(table: Standings): unknown[] {
  return table.toRows().sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
}
