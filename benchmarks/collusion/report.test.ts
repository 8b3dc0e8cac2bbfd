import { describe, expect, it } from 'vitest';
import { collusionChart } from './chart.ts';
import { crowdingRow } from './crowding.ts';
import { partOf, scaledTo } from './guarantees.ts';
import { gainsFrom } from './report.ts';
import type { CollusionRow } from './rows.ts';

const row = (cabalStake: number, gain: number, strategy = 'self-dealing'): CollusionRow => ({
  strategy,
  method: 'yuma',
  isYardstick: false,
  honestStake: 1 - cabalStake,
  cabalStake,
  cabalShare: cabalStake + gain,
  cabalShareLow: cabalStake + gain,
  cabalShareHigh: cabalStake + gain,
  fairShare: cabalStake,
  gain,
  gainLow: gain,
  gainHigh: gain,
  meanShare: cabalStake,
  meanGain: 0,
  cabalPerStake: 1 + gain / cabalStake,
  honestPerStake: 1 - gain / (1 - cabalStake),
  cabalDividends: 1,
  honestDividends: 1,
});

describe('gainsFrom', () => {
  it('is the least stake from which on every one gains', () => {
    expect(gainsFrom([row(0.4, 0.1), row(0.1, 0.05), row(0.2, -0.1), row(0.3, 0.01)])).toBe(0.3);
    expect(gainsFrom([row(0.1, 0.05), row(0.4, 0)])).toBeUndefined();
    expect(gainsFrom([row(0.1, 0.05), row(0.4, 0.05)])).toBe(0.1);
  });
});

describe('crowdingRow', () => {
  it('lets a minority take a market whose honest validators are many and small, and none with permits for all', () => {
    expect(crowdingRow(200, 64, 0.2).cabalShare).toBeCloseTo(1, 6);
    expect(crowdingRow(200, 256, 0.2).permittedStake).toBeCloseTo(0.2, 6);
    expect(crowdingRow(200, 256, 0.2).cabalShare).toBeLessThan(0.01);
  });
});

describe('the generator of the tuples', () => {
  it('leaves neither side without anybody, and scales a side to its sum', () => {
    expect([partOf(64, 0.51), partOf(64, 0), partOf(64, 1)]).toEqual([32, 1, 63]);
    expect(scaledTo(0.5, [1, 3])).toEqual([0.125, 0.375]);
    expect(scaledTo(0.5, [0, 0])).toEqual([0, 0]);
  });
});

describe('collusionChart', () => {
  it('draws each strategy at its share, on the diagonal what brings the share of stake', () => {
    const svg = collusionChart([row(0.3, 0), row(0.6, 0.4)]);
    // 0.3 of 0.6 across is the middle, 0.3 of 1 up leaves 0.7 above; the last point is in the upper corner.
    expect(svg).toContain('d="M165.0 231.0L330.0 0.0"');
    expect(svg).toContain('self-dealing at the consensus');
  });
});
