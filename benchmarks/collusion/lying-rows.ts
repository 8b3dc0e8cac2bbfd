import type { FoldRule } from './certified-jobs.ts';
import { type LyingGame, playLying } from './lying.ts';

/** What one validator of four that swaps good and bad is paid, by how many jobs there are. */
export interface LiarRow {
  readonly fold: FoldRule;
  readonly experts: number;
  readonly jobsPerEpoch: number;
  readonly games: number;
  /** Over what an honest validator of the same stake is paid: mean, and half of its 95 % interval. */
  readonly liarOverHonest: number;
  readonly halfInterval: number;
  /** Games in which it was paid no less than the mean of the honest, and than the least paid of them. */
  readonly aboveMean: number;
  readonly aboveLeast: number;
}

/** What a ring of validators makes of its experts, which are the worst, by falsifying what it can. */
export interface RingRow {
  readonly fold: FoldRule;
  readonly ringStake: number;
  /** Of a job's three witnesses, how many must be the ring's before it signs a lie. */
  readonly signsWith: number;
  /** Of the experts' incentive. */
  readonly ringIncentive: number;
  readonly honestIncentive: number;
}

/** As `moe up --lying-validator` founds it: four validators, three witnesses, three seats. */
const house = { validators: 4, liars: 1, witnesses: 3, seats: 3, epochs: 12, lie: 'contrary' } as const;
const folds: readonly FoldRule[] = ['witnessed', 'trusted certificates'];

export function liarRows(seeds: number): LiarRow[] {
  return folds.flatMap((fold) =>
    [3, 6].flatMap((experts) => [1, 3, 10, 30, 100].map((jobs) => liarRow(fold, experts, jobs, seeds))),
  );
}

export function liarRow(fold: FoldRule, experts: number, jobsPerEpoch: number, seeds: number): LiarRow {
  // From experts that are nearly alike to such that differ by more than one job's noise.
  const spreads = [0.005, 0.02, 0.06];
  const games = spreads.flatMap((spread) =>
    Array.from({ length: seeds }, (_, seed) =>
      playLying({ ...house, fold, experts, jobsPerEpoch, spread, seed: seed + 1 }),
    ),
  );
  const ranked = games.filter(({ paid }) => paid.some((amount) => amount > 0));
  const ratios = ranked.map(({ paid }) => {
    const honest = paid.slice(0, -1);
    return {
      toMean: paid.at(-1)! / (honest.reduce((sum, amount) => sum + amount, 0) / honest.length),
      isAboveLeast: paid.at(-1)! >= Math.min(...honest),
    };
  });
  const mean = ratios.reduce((sum, { toMean }) => sum + toMean, 0) / ratios.length;
  const variance = ratios.reduce((sum, { toMean }) => sum + (toMean - mean) ** 2, 0) / (ratios.length - 1);
  return {
    fold,
    experts,
    jobsPerEpoch,
    games: ratios.length,
    liarOverHonest: mean,
    halfInterval: 1.96 * Math.sqrt(variance / ratios.length),
    aboveMean: ratios.filter(({ toMean }) => toMean >= 1).length,
    aboveLeast: ratios.filter(({ isAboveLeast }) => isAboveLeast).length,
  };
}

const ring: Omit<LyingGame, 'fold' | 'liars' | 'lie' | 'seed'> = {
  experts: 20,
  seats: 5,
  validators: 20,
  witnesses: 3,
  jobsPerEpoch: 200,
  epochs: 30,
  spread: 0.01,
};

export function ringRows(seeds: number): RingRow[] {
  return [0.1, 0.2, 0.3, 0.4].flatMap((ringStake) =>
    [2, 3].flatMap((signsWith) =>
      (['witnessed', 'every certificate', 'trusted certificates'] as const).map((fold) =>
        ringRow(fold, ringStake, signsWith, seeds),
      ),
    ),
  );
}

export function ringRow(
  fold: FoldRule,
  ringStake: number,
  signsWith: number,
  seeds: number,
  epochs = ring.epochs,
): RingRow {
  const own = Math.round(ringStake * ring.validators);
  const meanOf = (liars: number): number => {
    const shares = Array.from(
      { length: seeds },
      (_, seed) =>
        playLying({ ...ring, epochs, fold, liars, seed: seed + 1, lie: { ringExperts: own, signsWith } })
          .ringIncentive,
    );
    return shares.reduce((sum, share) => sum + share, 0) / seeds;
  };
  return { fold, ringStake, signsWith, ringIncentive: meanOf(own), honestIncentive: meanOf(0) };
}
