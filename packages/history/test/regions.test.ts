import { defaultParameters } from '@market-of-experts/protocol';
import { describe, expect, it } from 'vitest';
import { exactIndexKind } from '../src/ann/exact-index.ts';
import { normalBelow } from '../src/normal.ts';
import { memoryHistory } from '../src/open-history.ts';
import type { HistoryRecord } from '../src/records/record.ts';
import {
  sampleDimensions,
  sampleNode,
  sampleRecord,
  sampleUnitsPerJob,
  sampleVector,
} from '../src/records/sample-records.ts';
import { type RegionsOptions, regions } from '../src/regions.ts';

const hourMs = 3_600_000;
const nowMs = 100 * hourMs;
const options: RegionsOptions = { nowMs, parameters: defaultParameters, experts: 10 };

function marketOf(records: readonly HistoryRecord[]) {
  const history = memoryHistory({
    unitsPerJob: sampleUnitsPerJob,
    dimensions: sampleDimensions,
    indexKind: exactIndexKind,
  });
  for (const record of records) history.append(record);
  return history;
}

const at = (
  place: number,
  count: number,
  losses: (index: number) => Record<string, number>,
  more: { feeMicro?: bigint; ageHours?: number } = {},
): HistoryRecord[] =>
  Array.from({ length: count }, (_, index) =>
    sampleRecord(`${place}/${index}`, {
      place,
      losses: losses(index),
      feeMicro: more.feeMicro ?? 1_000n,
      atMs: nowMs - (more.ageHours ?? 1) * hourMs - index,
      vector: sampleVector([1, index / count, 0.1 * place]),
    }),
  );

describe('regions', () => {
  const contested = at(1, 60, (index) => ({
    a: index % 3 === 0 ? 0.1 : 0.3,
    b: index % 3 === 1 ? 0.1 : 0.3,
    c: index % 3 === 2 ? 0.1 : 0.3,
  }));
  const monopoly = at(2, 30, () => ({ a: 0.05, b: 0.6, c: 0.65 }));
  const rich = at(3, 30, () => ({ a: 0.5, b: 0.55, c: 0.6 }), { feeMicro: 50_000n });
  const rare = at(4, 3, () => ({ a: 0.1, b: 0.2 }));
  const history = marketOf([...contested, ...monopoly, ...rich, ...rare]);
  const rows = regions(history, options);
  const row = (place: number) => rows.find((region) => region.place === place)!;

  it('leaves out places with too few jobs, and is empty for an empty history', () => {
    expect(rows.map(({ place }) => place).sort()).toEqual([1, 2, 3]);
    expect(regions(history, { ...options, minimumJobs: 1 })).toHaveLength(4);
    expect(regions(marketOf([]), options)).toEqual([]);
  });

  it('tells demand, fees and who wins', () => {
    expect(row(1)).toMatchObject({ jobs: 60, feesMicro: 60_000n, meanFeeMicro: 1_000, distinctWinners: 3 });
    expect(row(1).effectiveWinners).toBeCloseTo(3);
    expect(row(1).losingMargin).toBeCloseTo(0.2, 2);
    expect(row(2)).toMatchObject({ distinctWinners: 1, winConcentration: 1, effectiveWinners: 1 });
    expect(row(2).losingMargin).toBeCloseTo(0.55, 2);
    expect(row(2).best).toMatchObject({ worker: sampleNode('a'), jobs: 30 });
    expect(row(2).best!.meanLoss).toBeGreaterThan(0.05);
    expect(row(2).best!.meanLoss).toBeLessThan(0.25);
  });

  it('counts recent demand only', () => {
    const old = marketOf([...at(1, 40, () => ({ a: 0.1, b: 0.2 }), { ageHours: 60 }), ...monopoly]);
    const [first, second] = regions(old, { ...options, windowMs: 10 * hourMs });
    expect([first!.place, second!.place]).toEqual([2, 1]);
    expect(first!.jobsPerHour).toBeCloseTo(3);
    expect(second!.jobsPerHour).toBe(0);
    expect(second!.earningsMicro).toBe(0);
  });

  it('names a job from the middle of the region', () => {
    const index = contested.findIndex(({ order: job }) => job === row(1).representative);
    expect(index).toBeGreaterThan(15);
    expect(index).toBeLessThan(45);
  });

  it('promises more to better experts, more where fees are high, and nothing beyond all fees', () => {
    for (const region of rows) {
      const losses = [0, 0.1, 0.3, 0.5, 0.9];
      const earnings = losses.map((loss) => region.expectedEarnings(loss));
      for (const [place, value] of earnings.entries())
        expect(value).toBeLessThanOrEqual(earnings[place - 1] ?? Number.POSITIVE_INFINITY);
      const most = (1_000 * region.jobs * region.meanFeeMicro * 0.98 * 5) / (123 * 10);
      expect(earnings[0]).toBeLessThanOrEqual(most * 1.001);
      expect(earnings.at(-1)).toBeGreaterThanOrEqual(0);
    }
    expect(row(3).expectedEarnings(0.3)).toBeGreaterThan(row(2).expectedEarnings(0.3));
    expect(rows[0]!.place).toBe(3);
  });

  it('gives an expert of its own loss about its own share of wins', () => {
    // b is always the second best by far: the newcomer with a's loss wins when it does not meet a.
    const region = row(2);
    const all = (1_000 * 30 * 1_000 * 0.98 * 5) / (123 * 10);
    const share = region.expectedEarnings(0.05) / all;
    // One seat of three is a's own (won surely); in the other two it plays against a.
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.8);
    expect(region.expectedEarnings(0.62) / all).toBeLessThan(0.4);
  });

  it('draws an expert for fewer shards the more there are', () => {
    const crowded = regions(history, { ...options, experts: 100 });
    expect(crowded.find(({ place }) => place === 1)!.expectedEarnings(0.1)).toBeCloseTo(
      row(1).expectedEarnings(0.1) / 10,
      6,
    );
  });
});

describe('normalBelow', () => {
  it('agrees with the table', () => {
    for (const [z, value] of [
      [0, 0.5],
      [1, 0.8413447],
      [-1.96, 0.0249979],
      [3, 0.9986501],
    ] as const)
      expect(normalBelow(z)).toBeCloseTo(value, 6);
  });
});
