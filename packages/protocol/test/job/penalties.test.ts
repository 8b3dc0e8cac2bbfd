import { describe, expect, it } from 'vitest';
import { penaltiesOf, penaltyOf } from '../../src/job/penalties.ts';
import { defaultParameters } from '../../src/parameters/market-parameters.ts';

/** The usual expert: 100 credits, a kilobyte at 10,000 micro-credits, five seats. */
const stakeMicro = 100_000_000n;
const feeMicro = 10_000n;
const first = { stakeMicro, faultyEpochs: 0 };

describe('a penalty for absence', () => {
  it('is what is at stake in the job: the seat’s part of the fee, or all of it for a missing reveal', () => {
    expect(penaltyOf('late', first, feeMicro, defaultParameters)).toBe(2_000n);
    expect(penaltyOf('no-reveal', first, feeMicro, defaultParameters)).toBe(10_000n);
    expect(penaltyOf('late', first, 1n, defaultParameters)).toBe(1n);
    expect(penaltyOf('late', first, 0n, defaultParameters)).toBe(0n);
  });

  it('rises with every faulty epoch before, up to a share of the stake', () => {
    const after = (faultyEpochs: number) =>
      penaltyOf('late', { stakeMicro, faultyEpochs }, feeMicro, defaultParameters);
    expect([0, 1, 2, 24, 25, 1_000].map(after)).toEqual([2_000n, 4_000n, 6_000n, 50_000n, 50_000n, 50_000n]);
    expect(penaltyOf('no-reveal', { stakeMicro, faultyEpochs: 1_000 }, feeMicro, defaultParameters)).toBe(
      5_000_000n,
    );
  });

  it('is never above the share of a small stake', () => {
    expect(penaltyOf('late', { stakeMicro: 1_000n, faultyEpochs: 9 }, feeMicro, defaultParameters)).toBe(0n);
    expect(penaltyOf('late', { stakeMicro: 1_000_000n, faultyEpochs: 9 }, feeMicro, defaultParameters)).toBe(
      500n,
    );
  });

  it('is shared with a friend by the split, each by its own record', () => {
    const friend = { stakeMicro, faultyEpochs: 3, bps: 4_000 };
    expect(penaltiesOf('late', { feeMicro, principal: first, friend }, defaultParameters)).toEqual({
      slashMicro: 1_200n,
      workerSlashMicro: 3_200n,
    });
  });
});

it('who says something false still loses a share of its stake, whatever the job paid', () => {
  expect(penaltyOf('wrong-reveal', first, 1n, defaultParameters)).toBe(5_000_000n);
  expect(penaltyOf('outlier', first, 1n, defaultParameters)).toBe(100_000n);
  expect(penaltyOf('declined', first, feeMicro, defaultParameters)).toBe(0n);
  expect(penaltyOf('missed', first, feeMicro, defaultParameters)).toBe(0n);
});
