import type { EpochResult } from '@market-of-experts/protocol';
import type { Cast } from './cast.ts';
import type { WeightsInForce } from './rank.ts';

/** Means over the epochs of the attack. */
export interface Outcome {
  /** Of all emission. */
  readonly cabalShare: number;
  /** The same if experts were paid by the plain stake-weighted mean of all weights, and validators by stake. */
  readonly meanShare: number;
  /** Of the experts' emission. */
  readonly expertsShare: number;
  /** Dividends for each unit of stake, over what they would be if all got the same. */
  readonly cabalDividends: number;
  readonly honestDividends: number;
}

export interface ShareTally {
  /** Counts an epoch's result, and what the peer would make of the same weights. */
  add(result: EpochResult, rows: readonly WeightsInForce[]): void;
  outcome(): Outcome;
}

export function shareTally(cast: Cast, isOfCabal: (expert: number) => boolean): ShareTally {
  const { experts, validators, isCabalValidator } = cast;
  const sums = { cabal: 0, mean: 0, experts: 0, dividends: 0, epochs: 0 };
  const total = cast.stake.reduce((sum, stake) => sum + stake, 0);
  const stakeShare =
    cast.stake.reduce((sum, stake, validator) => sum + (isCabalValidator[validator] ? stake : 0), 0) / total;
  return {
    add(result, rows) {
      let dividends = 0;
      let incentive = 0;
      let voted = 0;
      let votedForCabal = 0;
      for (let expert = 0; expert < experts; expert += 1)
        if (isOfCabal(expert)) incentive += result.incentive[expert]!;
      for (let validator = 0; validator < validators; validator += 1) {
        if (isCabalValidator[validator]) dividends += result.dividends[experts + validator]!;
        const { weights } = rows[validator]!;
        if (weights === undefined) continue;
        const share = cast.stake[validator]! / total;
        voted += share;
        votedForCabal += share * partOf(weights, isOfCabal);
      }
      // Experts and validators get half of the emission each.
      sums.cabal += (dividends + incentive) / 2;
      sums.mean += (votedForCabal / voted + stakeShare) / 2;
      sums.experts += incentive;
      sums.dividends += dividends;
      sums.epochs += 1;
    },
    outcome() {
      const dividends = sums.dividends / sums.epochs;
      return {
        cabalShare: sums.cabal / sums.epochs,
        meanShare: sums.mean / sums.epochs,
        expertsShare: sums.experts / sums.epochs,
        cabalDividends: dividends / stakeShare,
        honestDividends: (1 - dividends) / (1 - stakeShare),
      };
    },
  };
}

/** Part of a row's weight that goes to the cabal. */
function partOf(weights: Float64Array, isOfCabal: (expert: number) => boolean): number {
  let sum = 0;
  let onCabal = 0;
  for (let expert = 0; expert < weights.length; expert += 1) {
    sum += weights[expert]!;
    if (isOfCabal(expert)) onCabal += weights[expert]!;
  }
  return onCabal / sum;
}
