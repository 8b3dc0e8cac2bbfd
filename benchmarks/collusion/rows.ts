import { play } from './play.ts';
import type { Method } from './rank.ts';
import { type Strategy, strategies } from './strategies.ts';
import type { Outcome } from './tally.ts';
import { plainWorld, type World } from './world.ts';

/** What a cabal with this share of the stake gets by a strategy; means over the seeds, with the lowest and the highest. */
export interface CollusionRow {
  readonly strategy: string;
  readonly method: Method;
  readonly isYardstick: boolean;
  readonly honestStake: number;
  readonly cabalStake: number;
  /** Of all emission to experts and validators. */
  readonly cabalShare: number;
  readonly cabalShareLow: number;
  readonly cabalShareHigh: number;
  /** What the same cabal gets in the same market when it weighs honestly. */
  readonly fairShare: number;
  /** `cabalShare − fairShare`, seed by seed. */
  readonly gain: number;
  readonly gainLow: number;
  readonly gainHigh: number;
  /** What the strategy gets by the peer: the plain stake-weighted mean of weights, dividends by stake. */
  readonly meanShare: number;
  readonly meanGain: number;
  /** Share of emission over share of stake. */
  readonly cabalPerStake: number;
  readonly honestPerStake: number;
  /** Dividends alone, for each unit of stake. */
  readonly cabalDividends: number;
  readonly honestDividends: number;
}

export interface Length {
  readonly seeds: number;
  readonly warmUpEpochs: number;
  readonly attackEpochs: number;
}

const honest = strategies[0]!;

export interface Setting {
  readonly method: Method;
  readonly cabalStakes: readonly number[];
}

/** Every strategy in every setting. Yardsticks, which show a rule of ours switched off, only by Yuma. */
export function collusionRows(
  settings: readonly Setting[],
  length: Length,
  onGame: () => void,
): CollusionRow[] {
  const known = new Map<string, Outcome>();
  const fair = (game: Parameters<typeof play>[0]): Outcome => {
    const key = JSON.stringify({ ...game, weigh: undefined });
    const outcome = known.get(key) ?? play(game);
    known.set(key, outcome);
    return outcome;
  };
  return playedOf(settings).map(({ method, cabalStake, strategy }) => {
    const outcomes = Array.from({ length: length.seeds }, (_, index) => {
      const game = { ...length, method, cabalStake, seed: index + 1 };
      const fairOutcome = fair({
        ...game,
        world: worldOf(strategy.fairWorld ?? strategy.world),
        weigh: honest.weigh,
      });
      const outcome =
        strategy === honest
          ? fairOutcome
          : play({ ...game, world: worldOf(strategy.world), weigh: strategy.weigh });
      onGame();
      return { ...outcome, fairOutcome };
    });
    const of = (value: (outcome: (typeof outcomes)[number]) => number): number[] => outcomes.map(value);
    const shares = of(({ cabalShare }) => cabalShare);
    const gains = of(({ cabalShare, fairOutcome }) => cabalShare - fairOutcome.cabalShare);
    const cabalShare = mean(shares);
    return {
      strategy: strategy.name,
      method,
      isYardstick: strategy.isYardstick === true,
      honestStake: 1 - cabalStake,
      cabalStake,
      cabalShare,
      cabalShareLow: Math.min(...shares),
      cabalShareHigh: Math.max(...shares),
      fairShare: mean(of(({ fairOutcome }) => fairOutcome.cabalShare)),
      gain: mean(gains),
      gainLow: Math.min(...gains),
      gainHigh: Math.max(...gains),
      meanShare: mean(of(({ meanShare }) => meanShare)),
      meanGain: mean(of(({ meanShare, fairOutcome }) => meanShare - fairOutcome.meanShare)),
      cabalPerStake: cabalShare / cabalStake,
      honestPerStake: (1 - cabalShare) / (1 - cabalStake),
      cabalDividends: mean(of(({ cabalDividends }) => cabalDividends)),
      honestDividends: mean(of(({ honestDividends }) => honestDividends)),
    };
  });
}

interface Played {
  readonly method: Method;
  readonly cabalStake: number;
  readonly strategy: Strategy;
}

/** What {@link collusionRows} plays, in its order. */
export function playedOf(settings: readonly Setting[]): Played[] {
  return settings.flatMap(({ method, cabalStakes }) =>
    strategies
      .filter(({ isYardstick }) => isYardstick !== true || method === 'yuma')
      .flatMap((strategy) => cabalStakes.map((cabalStake) => ({ method, cabalStake, strategy }))),
  );
}

function worldOf(changes: Partial<World> = {}): World {
  return { ...plainWorld, ...changes };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
