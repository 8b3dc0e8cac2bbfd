import {
  type AlignedRow,
  alignedRow,
  alignRow,
  type BondsDraft,
  type BondsOutcome,
  bondRate,
  bondsDraft,
  boughtSums,
  droppedBonds,
  finishBonds,
  heldSums,
} from './bonds.ts';
import { weightForBonds } from './clip.ts';
import type { CheckedInput } from './epoch-input.ts';
import { divideFixed, fixedRatio, multiplyFixed, normalizeFixed, ONE } from './fixed.ts';
import type { FixedMatrix } from './sparse-matrix.ts';

/** What one row of bonds is made from. */
interface Making {
  readonly consensus: Float64Array;
  readonly beta: number;
  /** α. */
  readonly rate: number;
  readonly boughtSums: Float64Array;
  readonly heldSums: Float64Array;
  /** Column sums of the new bonds so far. */
  readonly sums: Float64Array;
}

/**
 * Bonds in their original form: `ΔB = colnorm(S ∘ W̃)`, `B' = colnorm(αΔB + (1 − α)·colnorm(B))`, and dividends
 * `D = normalise(B'·I)`.
 *
 * @param votes - column sums of `S ∘ W̃`, where they are known already.
 * Source: subtensor `epoch_mechanism`, branch without Yuma 3 (`mat_ema_sparse`, `matmul_transpose_sparse`).
 */
export function originalBonds(
  input: CheckedInput,
  weights: FixedMatrix,
  consensus: Float64Array,
  beta: number,
  activeStake: Float64Array,
  incentive: Float64Array,
  votes: Float64Array | undefined,
): BondsOutcome {
  const { n, bonds } = input;
  const dropped = droppedBonds(input);
  const making: Making = {
    consensus,
    beta,
    rate: bondRate(input),
    boughtSums: votes ?? boughtSums(weights, consensus, beta, activeStake),
    heldSums: heldSums(bonds, dropped),
    sums: new Float64Array(n),
  };
  const draft = bondsDraft(n, weights, bonds);
  const row = alignedRow(n);
  for (let i = 0; i < n; i += 1) {
    const count = alignRow(row, weights, bonds, dropped, i);
    draft.starts[i + 1] = makeRow(draft, draft.starts[i]!, row, count, activeStake[i]!, making);
  }
  const emaBonds = finishBonds(draft);
  const dividends = activeStake.map((_, i) =>
    earnRow(emaBonds, emaBonds.starts[i]!, emaBonds.starts[i + 1]!, making.sums, incentive),
  );
  normalizeFixed(dividends);
  return { emaBonds, dividends };
}

/** Appends the positive bonds of a row, not yet normalised; the new length. */
function makeRow(
  draft: BondsDraft,
  from: number,
  { uids, weights, held }: AlignedRow,
  count: number,
  share: number,
  { consensus, beta, rate, boughtSums, heldSums, sums }: Making,
): number {
  const keep = ONE - rate;
  let length = from;
  for (let k = 0; k < count; k += 1) {
    const uid = uids[k]!;
    const bought = multiplyFixed(share, weightForBonds(weights[k]!, consensus[uid]!, beta));
    let bond = 0;
    if (bought > 0) bond = multiplyFixed(rate, divideFixed(bought, boughtSums[uid]!));
    if (held[k]! > 0) bond += multiplyFixed(keep, fixedRatio(held[k]!, heldSums[uid]!));
    if (bond === 0) continue;
    draft.uids[length] = uid;
    draft.values[length] = bond;
    sums[uid] = sums[uid]! + bond;
    length += 1;
  }
  return length;
}

/** Normalises the bonds of a row by their columns; what they earn. */
function earnRow(
  { uids, values }: FixedMatrix,
  from: number,
  to: number,
  sums: Float64Array,
  incentive: Float64Array,
): number {
  let earned = 0;
  for (let k = from; k < to; k += 1) {
    const uid = uids[k]!;
    const bond = divideFixed(values[k]!, sums[uid]!);
    values[k] = bond;
    earned += multiplyFixed(incentive[uid]!, bond);
  }
  return earned;
}
