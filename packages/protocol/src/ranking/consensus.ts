import { divideFixed, multiplyFixed, ONE, sumOf } from './fixed.ts';
import type { SparseMatrix } from './sparse-matrix.ts';
import { selectWeightedMedian } from './weighted-median.ts';

/**
 * Consensus weight of every node: the largest w with `Σ Sᵢ·[Wᵢⱼ ≥ w] ≥ κ`, which is the stake-weighted median from
 * below: the smallest weight at which the stake at or below it passes the minority `ΣS − κ`. An exact split at κ
 * takes the higher weight. A missing weight counts as zero. All fixed point.
 *
 * Source: subtensor `weighted_median_col_sparse` (math.rs).
 */
export function consensusOf(weights: SparseMatrix, activeStake: Float64Array, kappa: number): Float64Array {
  const n = activeStake.length;
  const stake = normalizedPositive(activeStake);
  const total = sumOf(stake);
  let voters = 0;
  for (let i = 0; i < n; i += 1) if (stake[i]! > 0) voters += 1;
  const consensus = new Float64Array(n);
  if (voters === 0) return consensus;

  const columns = positiveColumns(weights, stake);
  const scores = new Float64Array(voters);
  const shares = new Float64Array(voters);
  const minority = total - kappa;
  for (let j = 0; j < n; j += 1) {
    const start = columns.starts[j]!;
    const count = columns.starts[j + 1]! - start;
    if (count === 0) continue;
    let given = 0;
    for (let k = 0; k < count; k += 1) {
      const share = stake[columns.rows[start + k]!]!;
      scores[k] = columns.values[start + k]!;
      shares[k] = share;
      given += share;
    }
    // Those who gave nothing stand below every positive weight.
    const below = total - given;
    if (count < voters && below > minority) continue;
    consensus[j] = selectWeightedMedian(scores, shares, count, below, minority);
  }
  return consensus;
}

function normalizedPositive(activeStake: Float64Array): Float64Array {
  const sum = sumOf(activeStake);
  return sum === 0 ? activeStake : activeStake.map((share) => (share > 0 ? divideFixed(share, sum) : 0));
}

interface Columns {
  readonly starts: Uint32Array;
  readonly rows: Uint16Array;
  readonly values: Float64Array;
}

/** The positive entries of rows with stake, column by column. */
function positiveColumns({ starts, uids, values }: SparseMatrix, stake: Float64Array): Columns {
  const n = stake.length;
  const columnStarts = new Uint32Array(n + 1);
  for (let i = 0; i < n; i += 1) {
    if (stake[i] === 0) continue;
    for (let k = starts[i]!; k < starts[i + 1]!; k += 1)
      if (values[k]! > 0) columnStarts[uids[k]! + 1] = columnStarts[uids[k]! + 1]! + 1;
  }
  for (let j = 0; j < n; j += 1) columnStarts[j + 1] = columnStarts[j + 1]! + columnStarts[j]!;
  const next = columnStarts.slice();
  const rows = new Uint16Array(columnStarts[n]!);
  const columnValues = new Float64Array(columnStarts[n]!);
  for (let i = 0; i < n; i += 1) {
    if (stake[i] === 0) continue;
    for (let k = starts[i]!; k < starts[i + 1]!; k += 1) {
      if (values[k] === 0) continue;
      const at = next[uids[k]!]!;
      next[uids[k]!] = at + 1;
      rows[at] = i;
      columnValues[at] = values[k]!;
    }
  }
  return { starts: columnStarts, rows, values: columnValues };
}

/** What the consensus makes of the weights. Fixed point. */
export interface Clipped {
  /** `W̄ = min(W, C)`, entry for entry of the weights. */
  readonly values: Float64Array;
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
  { starts, uids, values }: SparseMatrix,
  consensus: Float64Array,
  activeStake: Float64Array,
): Clipped {
  const n = consensus.length;
  const clipped = new Float64Array(values.length);
  const validatorTrust = new Float64Array(n);
  const preRank = new Float64Array(n);
  const rank = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const share = activeStake[i]!;
    let trust = 0;
    for (let k = starts[i]!; k < starts[i + 1]!; k += 1) {
      const uid = uids[k]!;
      const weight = values[k]!;
      const kept = Math.min(weight, consensus[uid]!);
      clipped[k] = kept;
      trust += kept;
      if (share === 0) continue;
      const voted = multiplyFixed(share, weight);
      preRank[uid] = preRank[uid]! + voted;
      rank[uid] = rank[uid]! + (kept === weight ? voted : multiplyFixed(share, kept));
    }
    validatorTrust[i] = trust;
  }
  return { values: clipped, validatorTrust, preRank, rank };
}

/**
 * `W̃ = W + β(W̄ − W)`: β = 0 leaves the weights, β = 1 the clipped ones. The product of a negative difference is
 * rounded down, too. Source: subtensor `interpolate_sparse` (math.rs).
 */
export function weightsForBonds(weights: Float64Array, clipped: Float64Array, beta: number): Float64Array {
  if (beta === 0) return weights;
  if (beta === ONE) return clipped;
  return weights.map((weight, k) => {
    const drop = weight - clipped[k]!;
    return drop === 0 ? weight : weight - multiplyUp(beta, drop);
  });
}

function multiplyUp(a: number, b: number): number {
  return multiplyFixed(a, b) + (Math.imul(a, b) === 0 ? 0 : 1);
}
