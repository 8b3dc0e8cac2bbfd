import { defaultParameters } from '@market-of-experts/protocol';
import { askingMs } from '@market-of-experts/roles/job/job-times';
import { soaked } from '@market-of-experts/testing/soak';
import { describe, expect, it } from 'vitest';
import { afterCutRows } from './after-cut.ts';
import { deadLineRows } from './dead-line.ts';
import { figuresOf } from './figures.ts';
import { type CellInit, runCell } from './late-market.ts';
import { skewRows } from './skew.ts';

describe('the study of lateness', () => {
  it('comes out the same from the same seed, with every honest seat accounted for', async () => {
    const cell = {
      network: 'world',
      jobs: 6,
      seed: 11,
      parameters: { cutGraceMs: 0, quorumBps: 6_000 },
    } as const;
    const figures = figuresOf(await runCell(cell), 'all');
    expect(figuresOf(await runCell(cell), 'all')).toEqual(figures);
    expect(figures.seats).toBeGreaterThan(0);
    expect(figures.p50Ms).toBeGreaterThan(0);
    expect(figures.incomeMicroPer1000).toBeGreaterThan(0);
    expect(figures.lateLow).toBeLessThanOrEqual(figures.lateShare);
    expect(figures.lateHigh).toBeGreaterThanOrEqual(figures.lateShare);
    expect(figuresOf(await runCell({ ...cell, seed: 12 }), 'all')).not.toEqual(figures);
  });

  it('finds stragglers late where there is no grace, and counts what that costs', async () => {
    const observed = await runCell({
      network: 'lan',
      jobs: 16,
      seed: 1,
      spikeRate: 0,
      parameters: { quorumBps: 6_000, cutGraceMs: 0 },
      slowness: 40,
    });
    const chosen = figuresOf(observed, 'chosen');
    expect(chosen.seats).toBeGreaterThan(0);
    expect(chosen.lateSealedShare + chosen.declinedShare).toBe(1);
    // A fifth of the fee of the text for each: no more than the seat could have earned.
    expect(chosen.lateCostMicroPer1000).toBe(Math.round(chosen.lateShare * 2_000_000));
    const { seats } = figuresOf(observed, 'all');
    expect(seats).toBe(chosen.seats + figuresOf(observed, 'others').seats);
  });

  it('with a calm network and time enough nobody is late, though a witness is away', async () => {
    const observed = await runCell({
      network: 'lan',
      jobs: 4,
      seed: 2,
      spikeRate: 0,
      parameters: { quorumBps: 10_000 },
      isWitnessCut: true,
    });
    const figures = figuresOf(observed, 'all');
    expect(figures).toMatchObject({ lateShare: 0, noRevealShare: 0, missedShare: 0, refundShare: 0 });
  });

  it('lets the witnesses save an expert to whom the coordinator is deaf', async () => {
    const observed = await runCell({ network: 'lan', jobs: 8, seed: 3, spikeRate: 0, conduct: 'deaf' });
    const chosen = figuresOf(observed, 'chosen');
    expect(chosen.seats).toBeGreaterThan(0);
    expect(chosen).toMatchObject({ lateShare: 0, noRevealShare: 0, missedShare: 0 });
  });

  it.each(['silent', 'hasty'] as const)('makes nobody late by being %s', async (conduct) => {
    const observed = await runCell({ network: 'lan', jobs: 8, seed: 3, spikeRate: 0, conduct });
    const chosen = figuresOf(observed, 'chosen');
    expect(chosen.seats).toBeGreaterThan(0);
    expect(chosen).toMatchObject({ lateShare: 0, noRevealShare: 0 });
  });
});

describe('a coordinator that asks again', () => {
  it('loses no seat where one message in twenty is lost, nor does one that asks once: the witnesses ask as well', async () => {
    const cell = { network: 'world', jobs: soaked(12, 40), seed: 1, spikeRate: 0.05 } as const;
    const lateShare = async (change: Partial<CellInit>): Promise<number> =>
      figuresOf(await runCell({ ...cell, ...change }), 'all').lateShare;
    expect(await lateShare({})).toBe(0);
    expect(await lateShare({ conduct: 'asking-once' })).toBe(0);
    expect(await lateShare({ isInOrder: true })).toBe(0);
  });

  it('does without a connection that breaks', async () => {
    const cell = { network: 'lan', jobs: 8, seed: 3, spikeRate: 0, conduct: 'reset' } as const;
    const chosen = figuresOf(await runCell(cell), 'chosen');
    expect(chosen.seats).toBeGreaterThan(0);
    expect(chosen).toMatchObject({ lateShare: 0, noRevealShare: 0, missedShare: 0 });
  });
});

describe('a dead line', () => {
  it('is forgiven while it is short, and costs most when it keeps a reveal from its deadline', async () => {
    for (const { begins, deadMs, outcome, slashMicro, feeMicro } of await deadLineRows()) {
      if (deadMs < defaultParameters.cutGraceMs) expect(outcome).toBe('scored');
      const isRevealLost =
        begins === 'when its second seal is out' &&
        deadMs > defaultParameters.revealDeadlineMs + askingMs('reveal', defaultParameters);
      expect(outcome === 'no-reveal').toBe(isRevealLost);
      expect(slashMicro).toBe({ scored: 0, late: Math.ceil(feeMicro / 5), 'no-reveal': feeMicro }[outcome]);
    }
  });
});

describe('an answer after the quorum', () => {
  it('counts within the grace and while the witnesses wait for it, and is late after that', async () => {
    for (const row of await afterCutRows()) {
      if (row.afterQuorumMs < 2 * defaultParameters.cutGraceMs)
        expect(row).toMatchObject({ outcome: 'scored', slashMicro: 0 });
      if (row.outcome === 'late') expect(row.recordsWithout).toBeGreaterThanOrEqual(2);
      if (row.slashMicro > 0)
        expect(row).toMatchObject({ outcome: 'late', slashMicro: Math.ceil(row.feeMicro / 5) });
    }
  });
});

describe('a wrong clock', () => {
  it('does no harm when it is slow, nor when it is fast by less than orders are served', async () => {
    const rows = await skewRows('one expert');
    for (const { skewSeconds, outcomes } of rows)
      expect(outcomes).toEqual({ [skewSeconds < 150 ? 'scored' : 'missed']: 3 });
    expect(rows.length).toBeGreaterThan(4);
  });

  it('does no harm to the job in hand when it is set in the middle of it, however far', async () => {
    const rows = await skewRows('one expert, set in mid-job');
    for (const { skewSeconds, outcomes, slashedMicro } of rows) {
      // Where it is then too far ahead the jobs after that are refused as expired.
      expect(outcomes).toEqual(skewSeconds < 150 ? { scored: 3 } : { scored: 1, missed: 2 });
      expect(slashedMicro).toBe(0);
    }
    expect(rows.length).toBeGreaterThan(4);
  });
});
