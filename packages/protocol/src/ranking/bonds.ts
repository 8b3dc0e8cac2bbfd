import { columnMaxima, columnSums, normalizeColumns } from './column.ts';
import type { CheckedInput } from './epoch-input.ts';
import {
  divideFixed,
  fixedFromU16,
  fixedRatio,
  multiplyFixed,
  normalizeFixed,
  ONE,
  u16FromFixed,
} from './fixed.ts';
import { matrixBuilder, type SparseMatrix } from './sparse-matrix.ts';

export interface BondsOutcome {
  /** `B'` before storage: columns sum to one, in Yuma 3 every bond is in [0, 1] by itself. Fixed point. */
  readonly emaBonds: SparseMatrix;
  /** Normalised dividends, fixed point. */
  readonly dividends: Float64Array;
}

/**
 * The stored u16 bonds without those on uids that changed hands since the last epoch, as integers.
 *
 * Source: subtensor `scalar_vec_mask_sparse_matrix` as called by `epoch_mechanism`: masked if the block after the
 * last epoch (`LastMechansimStepBlock + 1`, else `block − tempo`) is not after the registration.
 */
export function heldBonds({ n, block, bonds, blockAtRegistration, params }: CheckedInput): SparseMatrix {
  const lastStep = params.lastMechanismStepBlock;
  const lastTempo = lastStep === 0 ? Math.max(0, block - params.tempo) : lastStep + 1;
  const builder = matrixBuilder(n, bonds.uids.length);
  for (let i = 0; i < n; i += 1) {
    for (let k = bonds.starts[i]!; k < bonds.starts[i + 1]!; k += 1)
      if (lastTempo > blockAtRegistration[bonds.uids[k]!]!) builder.add(bonds.uids[k]!, bonds.values[k]!);
    builder.endRow();
  }
  return builder.finish();
}

/** α = 1 − moving average, in fixed point. Source: subtensor `compute_disabled_liquid_alpha`. */
export function bondRate({ params }: CheckedInput): number {
  return ONE - fixedRatio(params.bondsMovingAverageMillionths, 1_000_000);
}

/** `ΔB = colnorm(S ∘ W̃)`. Source: subtensor `row_hadamard_sparse`, `inplace_col_normalize_sparse` (math.rs). */
export function bondsDeltaOf(
  { starts, uids }: SparseMatrix,
  weightsForBonds: Float64Array,
  activeStake: Float64Array,
): SparseMatrix {
  const n = activeStake.length;
  const delta = new Float64Array(weightsForBonds.length);
  for (let i = 0; i < n; i += 1) {
    const share = activeStake[i]!;
    if (share === 0) continue;
    for (let k = starts[i]!; k < starts[i + 1]!; k += 1) delta[k] = multiplyFixed(share, weightsForBonds[k]!);
  }
  const matrix = { starts, uids, values: delta };
  normalizeColumns(matrix, n);
  return matrix;
}

/**
 * Bonds in their original form: `B' = colnorm(αΔB + (1 − α)·colnorm(B))`, dividends `D = normalise(B'·I)`.
 *
 * Source: subtensor `epoch_mechanism`, branch without Yuma 3 (`mat_ema_sparse`, `matmul_transpose_sparse`).
 */
export function originalBonds(
  input: CheckedInput,
  delta: SparseMatrix,
  incentive: Float64Array,
): BondsOutcome {
  const { n } = input;
  const held = heldBonds(input);
  const heldSums = columnSums(held.uids, held.values, n);
  const rate = bondRate(input);
  const emaBonds = mergeRows(delta, held, n, (fresh, old, uid) => {
    const kept = old === 0 ? 0 : multiplyFixed(ONE - rate, fixedRatio(old, heldSums[uid]!));
    return (fresh === 0 ? 0 : multiplyFixed(rate, fresh)) + kept;
  });
  normalizeColumns(emaBonds, n);
  const dividends = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    let sum = 0;
    for (let k = emaBonds.starts[i]!; k < emaBonds.starts[i + 1]!; k += 1)
      sum += multiplyFixed(incentive[emaBonds.uids[k]!]!, emaBonds.values[k]!);
    dividends[i] = sum;
  }
  normalizeFixed(dividends);
  return { emaBonds, dividends };
}

/**
 * Yuma 3: bonds without stake and without normalised columns, `B' = (1 − α)B + αW̃`, and dividends
 * `Dᵢ = normalise(Sᵢ · Σⱼ colnorm(B')ᵢⱼ · Iⱼ)`. With a liquid rate every edge has its own α and B' stops at one.
 *
 * A missing weight is the same as a stored zero: the bond decays. (Upstream's sparse code drops such a bond at once
 * when the rate is liquid, its dense code lets it decay.)
 *
 * Source: subtensor `epoch_mechanism`, branch `Yuma3On`; `compute_bonds`, `mat_ema`, `mat_ema_alpha`.
 */
export function relativeBonds(
  input: CheckedInput,
  weights: SparseMatrix,
  weightsForBonds: Float64Array,
  activeStake: Float64Array,
  incentive: Float64Array,
  liquidRate: ((uid: number, weight: number, bond: number) => number) | undefined,
): BondsOutcome {
  const { n } = input;
  const rate = bondRate(input);
  const fresh = { ...weights, values: weightsForBonds };
  const emaBonds = mergeRows(fresh, heldBonds(input), n, (weight, stored, uid) => {
    const bond = fixedFromU16(stored);
    const alpha = liquidRate === undefined ? rate : liquidRate(uid, weight, bond);
    const next = multiplyFixed(alpha, weight) + multiplyFixed(ONE - alpha, bond);
    return liquidRate === undefined ? next : Math.min(ONE, next);
  });
  const sums = columnSums(emaBonds.uids, emaBonds.values, n);
  const dividends = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    let sum = 0;
    for (let k = emaBonds.starts[i]!; k < emaBonds.starts[i + 1]!; k += 1) {
      const uid = emaBonds.uids[k]!;
      if (incentive[uid] === 0) continue;
      sum += multiplyFixed(divideFixed(emaBonds.values[k]!, sums[uid]!), incentive[uid]!);
    }
    dividends[i] = multiplyFixed(sum, activeStake[i]!);
  }
  normalizeFixed(dividends);
  return { emaBonds, dividends };
}

/**
 * What is stored until the next epoch: u16 bonds of the holders of new permits; in the original form each column is
 * first scaled so that its largest bond is one.
 *
 * Source: subtensor `inplace_col_max_upscale_sparse`, `fixed_proportion_to_u16`, `epoch_mechanism`.
 */
export function storedBondsOf(
  emaBonds: SparseMatrix,
  newValidatorPermit: readonly boolean[],
  isUpscaled: boolean,
): SparseMatrix {
  const n = newValidatorPermit.length;
  const maxima = isUpscaled ? columnMaxima(emaBonds, n) : undefined;
  const builder = matrixBuilder(n, emaBonds.uids.length);
  for (let i = 0; i < n; i += 1) {
    if (newValidatorPermit[i])
      for (let k = emaBonds.starts[i]!; k < emaBonds.starts[i + 1]!; k += 1) {
        const uid = emaBonds.uids[k]!;
        const bond = emaBonds.values[k]!;
        builder.add(uid, u16FromFixed(maxima === undefined ? bond : divideFixed(bond, maxima[uid]!)));
      }
    builder.endRow();
  }
  return builder.finish();
}

/** Merges two matrices entry by entry (0 where one has none); only positive results become entries. */
function mergeRows(
  a: SparseMatrix,
  b: SparseMatrix,
  n: number,
  combine: (a: number, b: number, uid: number) => number,
): SparseMatrix {
  const builder = matrixBuilder(n, a.uids.length + b.uids.length);
  for (let i = 0; i < n; i += 1) {
    let p = a.starts[i]!;
    let q = b.starts[i]!;
    const aEnd = a.starts[i + 1]!;
    const bEnd = b.starts[i + 1]!;
    while (p < aEnd || q < bEnd) {
      const aUid = p < aEnd ? a.uids[p]! : Infinity;
      const bUid = q < bEnd ? b.uids[q]! : Infinity;
      const uid = Math.min(aUid, bUid);
      const value = combine(aUid === uid ? a.values[p]! : 0, bUid === uid ? b.values[q]! : 0, uid);
      if (aUid === uid) p += 1;
      if (bUid === uid) q += 1;
      if (value > 0) builder.add(uid, value);
    }
    builder.endRow();
  }
  return builder.finish();
}
