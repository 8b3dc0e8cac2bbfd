import { weightForBonds } from './clip.ts';
import type { CheckedInput } from './epoch-input.ts';
import { divideFixed, fixedRatio, multiplyFixed, ONE, u16FromFixed } from './fixed.ts';
import { columnSums, type FixedMatrix, type SparseMatrix } from './sparse-matrix.ts';

export interface BondsOutcome {
  /** `B'` before storage: columns sum to one, in Yuma 3 every bond is in [0, 1] by itself. Fixed point. */
  readonly emaBonds: FixedMatrix;
  /** Normalised dividends, fixed point. */
  readonly dividends: Float64Array;
}

/**
 * Whether the bonds on a uid are dropped because it changed hands since the last epoch.
 *
 * Source: subtensor `scalar_vec_mask_sparse_matrix` as called by `epoch_mechanism`: masked if the block after the
 * last epoch (`LastMechansimStepBlock + 1`, else `block − tempo`) is not after the registration.
 */
export function droppedBonds({ block, blockAtRegistration, params }: CheckedInput): Uint8Array {
  const lastStep = params.lastMechanismStepBlock;
  const lastTempo = lastStep === 0 ? Math.max(0, block - params.tempo) : lastStep + 1;
  return Uint8Array.from(blockAtRegistration, (registered) => (lastTempo <= registered ? 1 : 0));
}

/** α = 1 − moving average, in fixed point. Source: subtensor `compute_disabled_liquid_alpha`. */
export function bondRate({ params }: CheckedInput): number {
  return ONE - fixedRatio(params.bondsMovingAverageMillionths, 1_000_000);
}

/** Bonds of this epoch while they are made: rows are appended. */
export interface BondsDraft {
  readonly starts: Uint32Array;
  readonly uids: Uint16Array;
  readonly values: Float64Array;
}

/** Room for every weight and every bond held. */
export function bondsDraft(n: number, weights: FixedMatrix, bonds: SparseMatrix): BondsDraft {
  let capacity = 0;
  for (let i = 0; i < n; i += 1) {
    const given = weights.starts[i + 1]! - weights.starts[i]!;
    const held = bonds.starts[i + 1]! - bonds.starts[i]!;
    capacity += Math.min(n, given + held);
  }
  return {
    starts: new Uint32Array(n + 1),
    uids: new Uint16Array(capacity),
    values: new Float64Array(capacity),
  };
}

export function finishBonds({ starts, uids, values }: BondsDraft): FixedMatrix {
  const length = starts.at(-1) ?? 0;
  return { starts, uids: uids.subarray(0, length), values: values.subarray(0, length) };
}

/** One row of weights and of held bonds, side by side: 0 where one has none. Reused for all rows. */
export interface AlignedRow {
  readonly uids: Uint16Array;
  readonly weights: Float64Array;
  /** u16 as stored, without the dropped ones. */
  readonly held: Float64Array;
}

export function alignedRow(n: number): AlignedRow {
  return { uids: new Uint16Array(n), weights: new Float64Array(n), held: new Float64Array(n) };
}

/** Merges row i of both; the number of entries. */
export function alignRow(
  row: AlignedRow,
  weights: FixedMatrix,
  bonds: SparseMatrix,
  dropped: Uint8Array,
  i: number,
): number {
  let p = weights.starts[i]!;
  let q = bonds.starts[i]!;
  const pEnd = weights.starts[i + 1]!;
  const qEnd = bonds.starts[i + 1]!;
  let length = 0;
  while (p < pEnd || q < qEnd) {
    // Past the end of a row stands a uid above all.
    const weightUid = p < pEnd ? weights.uids[p]! : 65_536;
    const bondUid = q < qEnd ? bonds.uids[q]! : 65_536;
    const uid = weightUid < bondUid ? weightUid : bondUid;
    let weight = 0;
    let held = 0;
    if (weightUid === uid) {
      weight = weights.values[p]!;
      p += 1;
    }
    if (bondUid === uid) {
      if (dropped[uid] === 0) held = bonds.values[q]!;
      q += 1;
    }
    row.uids[length] = uid;
    row.weights[length] = weight;
    row.held[length] = held;
    length += 1;
  }
  return length;
}

/** Sums of the columns of the held bonds that were not dropped. */
export function heldSums(bonds: SparseMatrix, dropped: Uint8Array): Float64Array {
  return columnSums(bonds, dropped.length).map((sum, uid) => (dropped[uid] === 0 ? sum : 0));
}

/** `S ∘ W̃`, not yet normalised. Source: subtensor `row_hadamard_sparse` (math.rs). */
export function bondsBought(
  { starts, uids, values }: FixedMatrix,
  consensus: Float64Array,
  beta: number,
  activeStake: Float64Array,
): FixedMatrix {
  const bought = new Float64Array(values.length);
  for (let i = 0; i < activeStake.length; i += 1)
    for (let k = starts[i]!; k < starts[i + 1]!; k += 1)
      bought[k] = multiplyFixed(activeStake[i]!, weightForBonds(values[k]!, consensus[uids[k]!]!, beta));
  return { starts, uids, values: bought };
}

/** Column sums of {@link bondsBought}, without storing it. */
export function boughtSums(
  weights: FixedMatrix,
  consensus: Float64Array,
  beta: number,
  activeStake: Float64Array,
): Float64Array {
  const sums = new Float64Array(activeStake.length);
  const { starts } = weights;
  for (let i = 0; i < activeStake.length; i += 1)
    if (activeStake[i]! > 0)
      addBought(sums, weights, starts[i]!, starts[i + 1]!, activeStake[i]!, consensus, beta);
  return sums;
}

function addBought(
  sums: Float64Array,
  { uids, values }: FixedMatrix,
  from: number,
  to: number,
  share: number,
  consensus: Float64Array,
  beta: number,
): void {
  for (let k = from; k < to; k += 1) {
    const uid = uids[k]!;
    sums[uid] = sums[uid]! + multiplyFixed(share, weightForBonds(values[k]!, consensus[uid]!, beta));
  }
}

/** Columns normalised to a sum of one in place. Source: subtensor `inplace_col_normalize_sparse` (math.rs). */
export function normalizeColumns({ starts, uids, values }: FixedMatrix, sums: Float64Array): void {
  for (let i = 0; i + 1 < starts.length; i += 1) normalizeRow(uids, values, starts[i]!, starts[i + 1]!, sums);
}

function normalizeRow(
  uids: Uint16Array,
  values: Float64Array,
  from: number,
  to: number,
  sums: Float64Array,
): void {
  for (let k = from; k < to; k += 1) if (values[k]! > 0) values[k] = divideFixed(values[k]!, sums[uids[k]!]!);
}

/**
 * What is stored until the next epoch: u16 bonds of the holders of new permits; in the original form each column is
 * first scaled so that its largest bond is one.
 *
 * Source: subtensor `inplace_col_max_upscale_sparse`, `fixed_proportion_to_u16`, `epoch_mechanism`.
 */
export function storedBondsOf(
  { starts, uids, values }: FixedMatrix,
  newValidatorPermit: readonly boolean[],
  isUpscaled: boolean,
): SparseMatrix {
  const n = newValidatorPermit.length;
  const scales = new Float64Array(n).fill(isUpscaled ? 0 : ONE);
  if (isUpscaled)
    for (let i = 0; i < n; i += 1) raiseMaxima(scales, uids, values, starts[i]!, starts[i + 1]!);
  const storedStarts = new Uint32Array(n + 1);
  const storedUids = new Uint16Array(uids.length);
  const stored = new Uint16Array(uids.length);
  let length = 0;
  for (let i = 0; i < n; i += 1) {
    if (newValidatorPermit[i]) {
      storedUids.set(uids.subarray(starts[i]!, starts[i + 1]!), length);
      storeRow(stored, length, uids, values, starts[i]!, starts[i + 1]!, scales);
      length += starts[i + 1]! - starts[i]!;
    }
    storedStarts[i + 1] = length;
  }
  return { starts: storedStarts, uids: storedUids.subarray(0, length), values: stored.subarray(0, length) };
}

function raiseMaxima(
  maxima: Float64Array,
  uids: Uint16Array,
  values: Float64Array,
  from: number,
  to: number,
): void {
  for (let k = from; k < to; k += 1) if (values[k]! > maxima[uids[k]!]!) maxima[uids[k]!] = values[k]!;
}

function storeRow(
  stored: Uint16Array,
  at: number,
  uids: Uint16Array,
  values: Float64Array,
  from: number,
  to: number,
  scales: Float64Array,
): void {
  for (let k = from; k < to; k += 1)
    stored[at + k - from] = u16FromFixed(divideFixed(values[k]!, scales[uids[k]!]!));
}
