import { describe, expect, it } from 'vitest';
import { playLying } from './lying.ts';
import { liarRow, ringRow } from './lying-rows.ts';

const house = {
  validators: 4,
  liars: 1,
  witnesses: 3,
  seats: 3,
  experts: 3,
  epochs: 12,
  spread: 0.02,
} as const;

describe('a validator that lies', () => {
  it('is paid less than every honest one of the same stake, however few jobs there are', () => {
    for (const jobsPerEpoch of [1, 3, 10]) {
      const row = liarRow('trusted certificates', 3, jobsPerEpoch, 20);
      expect(row.games).toBeGreaterThan(50);
      expect(row).toMatchObject({ aboveMean: 0, aboveLeast: 0 });
      expect(row.liarOverHonest + row.halfInterval).toBeLessThan(0.75);
    }
  });

  it('was paid more than some of them while each ranked by what it witnessed alone', () => {
    expect(liarRow('witnessed', 3, 3, 20).aboveLeast).toBeGreaterThan(0);
  });

  it('leaves the honest alike: all of them are paid the same', () => {
    const game = {
      ...house,
      fold: 'trusted certificates',
      jobsPerEpoch: 10,
      lie: 'contrary',
      seed: 5,
    } as const;
    const { paid } = playLying(game);
    expect(Math.max(...paid.slice(0, 3)) - Math.min(...paid.slice(0, 3))).toBeLessThanOrEqual(12);
    expect(playLying(game)).toEqual({ paid, ringIncentive: 0 });
  });
});

it('a ring that falsifies certificates gains by them only where nobody looks at who signed', () => {
  const believed = ringRow('every certificate', 0.3, 2, 1, 10);
  const trusted = ringRow('trusted certificates', 0.3, 2, 1, 10);
  expect(believed.ringIncentive).toBeGreaterThan(0.1);
  expect(trusted.ringIncentive).toBeLessThan(0.03);
});
