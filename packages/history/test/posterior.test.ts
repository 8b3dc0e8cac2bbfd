import type { NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactIndexKind } from '../src/ann/exact-index.ts';
import type { History } from '../src/history.ts';
import { jobNoise } from '../src/job-noise.ts';
import { memoryHistory } from '../src/open-history.ts';
import { type PosteriorOptions, posterior } from '../src/posterior.ts';
import type { HistoryRecord } from '../src/records/record.ts';
import {
  sampleDimensions,
  sampleNode,
  sampleRecord,
  sampleUnitsPerJob,
  sampleVector,
} from '../src/records/sample-records.ts';

const hourMs = 3_600_000;
const nowMs = 1_000 * hourMs;
const options: PosteriorOptions = { nowMs };
const east = sampleVector([1]);
const north = sampleVector([0, 1]);
/** A direction near another: noise on the axes that both leave empty. */
const near = (base: Int8Array, seed: number): Int8Array =>
  sampleVector(
    Array.from(base, (value, axis) => (axis < 2 ? value : 25 * Math.sin(seed * 7.3 + axis * (seed + 1)))),
  );

function historyOf(records: readonly HistoryRecord[]): History {
  const history = memoryHistory({
    unitsPerJob: sampleUnitsPerJob,
    dimensions: sampleDimensions,
    indexKind: exactIndexKind,
  });
  for (const record of records) history.append(record);
  return history;
}

/** Jobs around a direction with these losses, swinging by a little from job to job. */
function jobs(
  prefix: string,
  count: number,
  base: Int8Array,
  losses: Readonly<Record<string, number>>,
  atMs = nowMs - hourMs,
): HistoryRecord[] {
  return Array.from({ length: count }, (_, index) =>
    sampleRecord(`${prefix}/${index}`, {
      vector: near(base, index),
      atMs,
      losses: Object.fromEntries(
        Object.entries(losses).map(([worker, loss], place) => [
          worker,
          Math.min(1, Math.max(0, loss + 0.05 * ((index + place) % 2 === 0 ? 1 : -1))),
        ]),
      ),
    }),
  );
}

const of = (history: History, query: Int8Array, worker: string, more: Partial<PosteriorOptions> = {}) =>
  posterior(history, query, [sampleNode(worker)], { ...options, ...more })[0]!;

describe('posterior', () => {
  it('knows nothing of a stranger, and says so', () => {
    const empty = of(historyOf([]), east, 'stranger');
    expect(empty).toMatchObject({ evidenceJobs: 0, excess: { mean: 0 }, loss: { mean: 0.5 } });
    expect(empty.winProbability.mean).toBeCloseTo(1 / 3);
    const known = historyOf(jobs('east', 60, east, { a: 0.2, b: 0.6, c: 0.7 }));
    const stranger = of(known, east, 'stranger');
    expect(stranger.excess.mean).toBe(0);
    expect(stranger.excess.sd).toBeGreaterThan(2 * of(known, east, 'a').excess.sd);
    // How hard the place is, is known all the same.
    expect(stranger.loss.mean).toBeCloseTo(0.5, 1);
  });

  it('finds a specialist in its region and not elsewhere', () => {
    const history = historyOf([
      ...jobs('east', 60, east, { poet: 0.05, coder: 0.4, third: 0.5 }),
      ...jobs('north', 60, north, { poet: 0.5, coder: 0.1, third: 0.45 }),
    ]);
    const [poetEast, poetNorth] = [of(history, east, 'poet'), of(history, north, 'poet')];
    expect(poetEast.excess.mean).toBeLessThan(-0.1);
    expect(poetNorth.excess.mean).toBeGreaterThan(0);
    expect(poetEast.winProbability.mean).toBeGreaterThan(0.6);
    expect(poetNorth.winProbability.mean).toBeLessThan(0.4);
    expect(of(history, east, 'coder').loss.mean).toBeGreaterThan(poetEast.loss.mean);
    expect(of(history, north, 'coder').loss.mean).toBeLessThan(poetNorth.loss.mean);
  });

  it('is surer with more evidence, of every quantity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (few, more) => {
        const losses = { a: 0.3, b: 0.6, c: 0.5 };
        // The same losses in the same shares: only their number differs.
        const less = of(historyOf(jobs('x', 2 * few, east, losses)), east, 'a');
        const many = of(historyOf(jobs('x', 2 * (few + more), east, losses)), east, 'a');
        expect(many.evidenceJobs).toBeGreaterThan(less.evidenceJobs);
        expect(many.excess.sd).toBeLessThan(less.excess.sd);
        expect(many.loss.sd).toBeLessThan(less.loss.sd);
        expect(many.latencyMs.sd).toBeLessThan(less.latencyMs.sd);
        expect(Math.abs(many.excess.mean - -1 / 6)).toBeLessThan(Math.abs(less.excess.mean - -1 / 6) + 0.01);
      }),
      { numRuns: 30 },
    );
  });

  it('follows an expert that has changed, the faster the shorter the half-life', () => {
    const history = historyOf([
      ...jobs('then', 30, east, { a: 0.2, b: 0.5, c: 0.5 }, nowMs - 400 * hourMs),
      ...jobs('now', 30, east, { a: 0.8, b: 0.5, c: 0.5 }),
    ]);
    const slow = of(history, east, 'a', { halfLifeMs: 1e6 * hourMs });
    const fast = of(history, east, 'a', { halfLifeMs: 48 * hourMs });
    expect(slow.excess.mean).toBeCloseTo(0, 1);
    expect(fast.excess.mean).toBeGreaterThan(slow.excess.mean + 0.05);
    expect(fast.evidenceJobs).toBeLessThan(slow.evidenceJobs);
  });

  it('falls back on the global record far from all jobs', () => {
    const history = historyOf(jobs('east', 80, east, { a: 0.1, b: 0.5, c: 0.6 }));
    const narrow = { bandwidth: 0.25 };
    const far = of(history, sampleVector([-1]), 'a', narrow);
    expect(far.evidenceJobs).toBeLessThan(0.2);
    expect(far.excess.mean).toBeCloseTo(-0.3 * (80 / 84), 2);
    expect(far.excess.sd).toBeGreaterThan(of(history, east, 'a', narrow).excess.sd);
  });

  it('estimates latency from jobs in which it is known, the recent ones more', () => {
    const timed = (name: string, latencyMs: number, atMs: number): HistoryRecord =>
      sampleRecord(name, { vector: near(east, 1), latencyMs, atMs });
    const history = historyOf([
      ...Array.from({ length: 20 }, (_, index) => timed(`old ${index}`, 400, nowMs - 900 * hourMs)),
      ...Array.from({ length: 20 }, (_, index) => timed(`new ${index}`, 100, nowMs)),
      ...Array.from({ length: 5 }, (_, index) => timed(`unknown ${index}`, 0, nowMs)),
    ]);
    const { latencyMs } = of(history, east, 'a', { halfLifeMs: 24 * hourMs });
    expect(latencyMs.mean).toBeGreaterThan(100);
    expect(latencyMs.mean).toBeLessThan(250);
  });

  it('stays within bounds and finite, whatever happened', () => {
    const losses = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    const job = fc.record({ losses, axis: fc.nat(sampleDimensions - 1), atMs: fc.nat(2 * nowMs) });
    fc.assert(
      fc.property(fc.array(job, { maxLength: 40 }), fc.nat(sampleDimensions - 1), (list, axis) => {
        const direction = (at: number): Int8Array =>
          sampleVector(Array.from({ length: sampleDimensions }, (_, index) => (index === at ? 1 : 0)));
        const history = historyOf(
          list.map((init, index) => sampleRecord(index, { ...init, vector: direction(init.axis) })),
        );
        const workers: NodeId[] = ['a', 'b', 'stranger'].map(sampleNode);
        const all = posterior(history, direction(axis), workers, options);
        expect(all.map(({ worker }) => worker)).toEqual(workers);
        for (const { loss, excess, winProbability, latencyMs, evidenceJobs } of all) {
          for (const { mean, sd } of [loss, excess, winProbability, latencyMs]) {
            expect(Number.isFinite(mean)).toBe(true);
            expect(sd).toBeGreaterThan(0);
          }
          expect(loss.mean).toBeGreaterThanOrEqual(0);
          expect(loss.mean).toBeLessThanOrEqual(1);
          expect(Math.abs(excess.mean)).toBeLessThanOrEqual(1);
          expect(winProbability.mean).toBeGreaterThan(0);
          expect(winProbability.mean).toBeLessThan(1);
          expect(evidenceJobs).toBeGreaterThanOrEqual(0);
        }
        expect(jobNoise(history).loss).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on the order in which records came', () => {
    const records = [
      ...jobs('east', 30, east, { a: 0.2, b: 0.5, c: 0.7 }),
      ...jobs('north', 30, north, { a: 0.6, b: 0.3, d: 0.1 }),
    ];
    const workers = ['a', 'b', 'c', 'd'].map(sampleNode);
    const expected = posterior(historyOf(records), near(east, 500), workers, options);
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (order) => {
        expect(posterior(historyOf(order), near(east, 500), workers, options)).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });

  it('measures the noise of single jobs around each expert, not between experts', () => {
    const steady = historyOf(jobs('x', 100, east, { a: 0.1, b: 0.5, c: 0.9 }));
    expect(jobNoise(steady).loss).toBeLessThan(0.1);
    expect(jobNoise(historyOf([])).loss).toBeCloseTo(0.2);
  });
});
