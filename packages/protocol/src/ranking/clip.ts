import { multiplyFixed, ONE } from './fixed.ts';
import type { FixedMatrix } from './sparse-matrix.ts';

/** What the consensus makes of the weights, with `W̄ = min(W, C)`. Fixed point. */
export interface Clipped {
  /** `Σⱼ W̄ᵢⱼ`. */
  readonly validatorTrust: Float64Array;
  /** `Σᵢ Sᵢ·Wᵢⱼ`. */
  readonly preRank: Float64Array;
  /** `Σᵢ Sᵢ·W̄ᵢⱼ`, not normalised. */
  readonly rank: Float64Array;
}

/**
 * Source: subtensor `col_clip_sparse`, `row_sum_sparse`, `matmul_sparse` (math.rs). Rank and trust are no longer
 * stored upstream; they are kept here as they were before.
 */
export function clipAtConsensus(
  weights: FixedMatrix,
  consensus: Float64Array,
  activeStake: Float64Array,
): Clipped {
  const n = consensus.length;
  const preRank = new Float64Array(n);
  const rank = new Float64Array(n);
  const { starts } = weights;
  const validatorTrust = activeStake.map((share, i) =>
    clipRow(weights, starts[i]!, starts[i + 1]!, share, consensus, preRank, rank),
  );
  return { validatorTrust, preRank, rank };
}

/** Adds one row to the ranks; its trust. */
function clipRow(
  { uids, values }: FixedMatrix,
  from: number,
  to: number,
  share: number,
  consensus: Float64Array,
  preRank: Float64Array,
  rank: Float64Array,
): number {
  let trust = 0;
  for (let k = from; k < to; k += 1) {
    const uid = uids[k]!;
    const weight = values[k]!;
    const kept = Math.min(weight, consensus[uid]!);
    trust += kept;
    preRank[uid] = preRank[uid]! + multiplyFixed(share, weight);
    rank[uid] = rank[uid]! + multiplyFixed(share, kept);
  }
  return trust;
}

/** `W̄`, entry for entry of the weights. */
export function clippedWeights(weights: FixedMatrix, consensus: Float64Array): FixedMatrix {
  return {
    ...weights,
    values: weights.values.map((weight, k) => Math.min(weight, consensus[weights.uids[k]!]!)),
  };
}

/**
 * What bonds follow: `W̃ = W + β(W̄ − W)`. β = 0 leaves the weight, β = 1 the clipped one; the product of a negative
 * difference is rounded down, too. Source: subtensor `interpolate_sparse` (math.rs).
 */
export function weightForBonds(weight: number, consensus: number, beta: number): number {
  if (beta === ONE) return Math.min(weight, consensus);
  if (weight <= consensus || beta === 0) return weight;
  const drop = weight - consensus;
  const roundsUp = Math.imul(beta, drop) === 0 ? 0 : 1;
  return weight - multiplyFixed(beta, drop) - roundsUp;
}
