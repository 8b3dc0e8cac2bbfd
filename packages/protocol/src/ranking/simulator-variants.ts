/**
 * The variants of Yuma that the public simulator compares, over a full validators × servers matrix of doubles. They
 * differ from the chain: consensus is normalised over the servers and cut to u16 steps, sums get 1e-6 against
 * division by zero, nobody is masked.
 *
 * Source: bactensor/yuma-simulation, `yumas.py` (`YumaRust`, `Yuma`, `Yuma2b`, `Yuma2c`, `Yuma3`).
 */
import { sigmoid } from './exponential.ts';
import { invalidInput } from './invalid-input.ts';

type Matrix = readonly (readonly number[])[];

export interface SimulatorInput {
  /**
   * `yuma1`: bonds of this epoch only. `yuma2`: their moving average. `yuma2b`: bonds by the last epoch's weights.
   * `yuma2c`: bonds bought up to a capacity by stake. `yuma3`: bonds relative to weights; liquid with `liquidAlpha`.
   */
  readonly variant: 'yuma1' | 'yuma2' | 'yuma2b' | 'yuma2c' | 'yuma3';
  /** Validators × servers. */
  readonly weights: Matrix;
  readonly stake: readonly number[];
  /** What the last epoch returned; none in the first. */
  readonly last?: SimulatorEpoch;
  /** Bonds before this epoch, where they differ from the last epoch's (a server was reset). */
  readonly bonds?: Matrix;
  readonly kappa?: number;
  /** β. Default 1. */
  readonly bondsPenalty?: number;
  /** α. Default 0.1. */
  readonly alpha?: number;
  readonly liquidAlpha?: { readonly low: number; readonly high: number; readonly steepness: number };
  /** `yuma2c`: share of the bonds lost, and of the capacity bought, each epoch. Defaults 0.1. */
  readonly decayRate?: number;
  readonly capacityAlpha?: number;
}

export interface SimulatorEpoch {
  /** Rows normalised. */
  readonly weights: number[][];
  readonly consensus: number[];
  readonly incentive: number[];
  /** What the next epoch takes. */
  readonly bonds: number[][];
  readonly dividends: number[];
}

/** Guards the simulator's sums against division by zero. */
const EPSILON = 1e-6;

/** One epoch of a variant. Errors: `invalid-ranking-input`. */
export function simulatorEpoch(input: SimulatorInput): SimulatorEpoch {
  const { variant, last, kappa = 0.5, bondsPenalty: beta = 1, alpha = 0.1 } = input;
  checkShape(input);
  const totalStake = sum(input.stake);
  const stake = input.stake.map((share) => share / totalStake);
  const weights = input.weights.map((row) => {
    const total = sum(row) + EPSILON;
    return row.map((weight) => weight / total);
  });
  const consensus = consensusOf(weights, stake, kappa);
  const judged = variant === 'yuma2b' ? (last?.weights ?? weights) : weights;
  const clipped = judged.map((row) => row.map((weight, j) => Math.min(weight, consensus[j]!)));
  const rank = consensus.map((_, j) => sum(stake.map((share, i) => share * clipped[i]![j]!)));
  const totalRank = sum(rank);
  const incentive = rank.map((value) => (totalRank === 0 ? 0 : value / totalRank));
  const old = input.bonds ?? last?.bonds;
  const held = old ?? weights.map((row) => row.map(() => 0));

  const purchase = judged.map((row, i) =>
    row.map((weight, j) => stake[i]! * ((1 - beta) * weight + beta * clipped[i]![j]!)),
  );
  const bonds = bondsOf();
  const dividends = normalizedDividends();
  return { weights, consensus, incentive, bonds, dividends };

  function bondsOf(): number[][] {
    switch (variant) {
      case 'yuma1':
        return columnNormalized(columnNormalized(purchase, EPSILON), EPSILON);
      case 'yuma2':
      case 'yuma2b': {
        const fresh = columnNormalized(purchase, 0);
        return old === undefined
          ? fresh
          : fresh.map((row, i) => row.map((bond, j) => alpha * bond + (1 - alpha) * old[i]![j]!));
      }
      case 'yuma2c':
        return boughtBonds();
      case 'yuma3':
        return relativeBonds();
    }
  }

  /** Capacity and bonds are in units of the whole stake, where the simulator has 2⁶⁴ − 1 of them. */
  function boughtBonds(): number[][] {
    const { decayRate = 0.1, capacityAlpha = 0.1 } = input;
    return weights.map((row, i) =>
      row.map((weight, j) => {
        const bond = held[i]![j]!;
        const capacity = stake[i]!;
        const bought = Math.min(capacityAlpha * capacity, Math.max(0, capacity - bond)) * weight;
        return Math.min(capacity, (1 - decayRate) * bond + bought);
      }),
    );
  }

  function relativeBonds(): number[][] {
    return weights.map((row, i) =>
      row.map((weight, j) => {
        const bond = held[i]![j]!;
        const rate = liquidRate(weight, bond, consensus[j]!);
        const decayed = bond * (1 - rate);
        return Math.min(1, decayed + Math.min(rate * weight, Math.max(0, 1 - decayed)));
      }),
    );
  }

  /** The liquid rate needs a consensus before: the first epoch has the plain one. */
  function liquidRate(weight: number, bond: number, target: number): number {
    if (input.liquidAlpha === undefined || last === undefined) return alpha;
    const { low, high, steepness } = input.liquidAlpha;
    const difference = Math.max(0, Math.min(1, weight >= bond ? weight - target : bond - weight));
    return low + sigmoid(steepness * (difference - 0.5)) * (high - low);
  }

  function normalizedDividends(): number[] {
    const isAbsolute = variant === 'yuma2c' || variant === 'yuma3';
    const shares = isAbsolute ? columnNormalized(bonds, variant === 'yuma3' ? EPSILON : 0) : bonds;
    const raw = shares.map((row, i) => {
      const earned = sum(row.map((share, j) => share * incentive[j]!));
      return variant === 'yuma3' ? stake[i]! * earned : earned;
    });
    const total = sum(raw) + EPSILON;
    return raw.map((value) => value / total);
  }
}

/** `C_j`: the first weight, from the largest down, at which the stake reaches κ; then normalised, in u16 steps. */
function consensusOf(weights: Matrix, stake: readonly number[], kappa: number): number[] {
  const raw = (weights[0] ?? []).map((_, j) => {
    const order = stake.map((_, i) => i).sort((a, b) => weights[b]![j]! - weights[a]![j]!);
    let reached = 0;
    for (const i of order) {
      reached += stake[i]!;
      // The simulator's float32 sums reach κ where doubles may stop a bit short of it.
      if (reached >= kappa - 1e-9) return weights[i]![j]!;
    }
    return 0;
  });
  const total = sum(raw);
  return raw.map((value) => (total === 0 ? 0 : Math.floor((value / total) * 65_535) / 65_535));
}

function columnNormalized(matrix: Matrix, epsilon: number): number[][] {
  const sums = (matrix[0] ?? []).map((_, j) => sum(matrix.map((row) => row[j]!)) + epsilon);
  return matrix.map((row) => row.map((value, j) => (sums[j] === 0 ? 0 : value / sums[j]!)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function checkShape({ weights, stake, bonds }: SimulatorInput): void {
  const servers = weights[0]?.length ?? 0;
  for (const matrix of bonds === undefined ? [weights] : [weights, bonds]) {
    if (matrix.length !== stake.length || matrix.some((row) => row.length !== servers))
      throw invalidInput(`Give ${stake.length} rows, one for each stake, of ${servers} numbers each.`);
    if (matrix.some((row) => row.some((value) => !(value >= 0 && Number.isFinite(value)))))
      throw invalidInput('A weight or bond is not a number of 0 or more.');
  }
  if (!(sum(stake) > 0 && stake.every((share) => share >= 0 && Number.isFinite(share))))
    throw invalidInput('The stake must be numbers of 0 or more, not all 0.');
}
