import { play } from './play.ts';
import type { Method } from './rank.ts';
import { type Length, mean } from './rows.ts';
import { copying } from './strategies.ts';
import { nodesRecordKept, plainWorld } from './world.ts';

/** Dividends of a weight copier for each unit of stake over those of honest validators; below 1 copying does not pay. */
export interface CopyingRow {
  readonly method: Method;
  /** Deviation of the change of a log quality in an epoch. */
  readonly drift: number;
  /** Deviation of a validator's measurement of it. */
  readonly noise: number;
  /** What is left of older jobs in a validator's record after an epoch. */
  readonly recordKept: number;
  /** Epochs from commit to ranking; 0: open weights. */
  readonly revealDelay: number;
  readonly copierOverHonest: number;
  readonly low: number;
  readonly high: number;
}

export const copierStake = 0.1;
const drifts = [0, 0.05, 0.1, 0.2, 0.4];
const noises = [0.05, 0.1, 0.2];
const delays = [0, 1, 4];

type CopyingCell = Omit<CopyingRow, 'copierOverHonest' | 'low' | 'high'>;

/** Copiers with a tenth of the stake: how fast what is measured changes, against how well it is measured. */
export function copyingRows(methods: readonly Method[], length: Length, onGame: () => void): CopyingRow[] {
  return copyingCells(methods).map((cell) => {
    const ratios = Array.from({ length: length.seeds }, (_, index) => {
      const { cabalDividends, honestDividends } = play({
        ...length,
        method: cell.method,
        cabalStake: copierStake,
        seed: index + 1,
        world: { ...plainWorld, ...cell },
        weigh: copying,
      });
      onGame();
      return cabalDividends / honestDividends;
    });
    return { ...cell, copierOverHonest: mean(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
  });
}

/** By Yuma without and with a record, whatever the error and the delay; by the other methods as our rules and defaults are. */
export function copyingCells(methods: readonly Method[]): CopyingCell[] {
  const cells = (method: Method, recordKept: number, errors: readonly number[], waits: readonly number[]) =>
    errors.flatMap((noise) =>
      waits.flatMap((revealDelay) =>
        drifts.map((drift) => ({ method, recordKept, noise, revealDelay, drift })),
      ),
    );
  return methods.flatMap((method) =>
    method === 'yuma'
      ? [0, nodesRecordKept].flatMap((recordKept) => cells(method, recordKept, noises, delays))
      : cells(method, 0, [plainWorld.noise], [plainWorld.revealDelay]),
  );
}
