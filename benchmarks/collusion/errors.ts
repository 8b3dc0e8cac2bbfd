import { play } from './play.ts';
import { type Length, mean } from './rows.ts';
import { strategies } from './strategies.ts';
import { nodesRecordKept, plainWorld } from './world.ts';

/** What lying brings by Yuma, where honest validators measure with this error. */
export interface ErrorRow {
  readonly strategy: string;
  /** Deviation of a validator's measurement of a log quality. */
  readonly noise: number;
  /** What is left of older jobs in its record after an epoch. */
  readonly recordKept: number;
  readonly cabalStake: number;
  readonly cabalShare: number;
  /** Above what the same cabal gets by honest weights. */
  readonly gain: number;
  readonly gainLow: number;
  readonly gainHigh: number;
}

const errorNames = ['self-dealing', 'low-weighting', 'nudging', 'boycott of the best'];
const measurements = [
  ...[0, 0.05, 0.1, 0.2].map((noise) => ({ noise, recordKept: 0 })),
  ...[0.1, 0.2].map((noise) => ({ noise, recordKept: nodesRecordKept })),
];
const stakes = [0.3, 0.4, 0.45, 0.49];
export const errorGames = measurements.length * stakes.length * (1 + errorNames.length);

/** The strategies that bend weights, against the error of the honest: what a median can clip depends on it. */
export function errorRows(length: Length, onGame: () => void): ErrorRow[] {
  return measurements.flatMap((measurement) =>
    stakes.flatMap((cabalStake) => {
      const sharesOf = (name: string): number[] =>
        Array.from({ length: length.seeds }, (_, index) => {
          const { weigh } = strategies.find((strategy) => strategy.name === name)!;
          const game = { ...length, method: 'yuma', cabalStake, seed: index + 1 } as const;
          onGame();
          return play({ ...game, world: { ...plainWorld, ...measurement }, weigh }).cabalShare;
        });
      const fair = sharesOf('honest');
      return errorNames.map((strategy) => {
        const shares = sharesOf(strategy);
        const gains = shares.map((share, seed) => share - fair[seed]!);
        return {
          strategy,
          ...measurement,
          cabalStake,
          cabalShare: mean(shares),
          gain: mean(gains),
          gainLow: Math.min(...gains),
          gainHigh: Math.max(...gains),
        };
      });
    }),
  );
}
