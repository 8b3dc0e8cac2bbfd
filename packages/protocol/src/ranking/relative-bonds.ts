import {
  type AlignedRow,
  alignedRow,
  alignRow,
  type BondsDraft,
  type BondsOutcome,
  bondRate,
  bondsDraft,
  droppedBonds,
  finishBonds,
} from './bonds.ts';
import { weightForBonds } from './clip.ts';
import type { CheckedInput } from './epoch-input.ts';
import { divideFixed, fixedFromU16, multiplyFixed, normalizeFixed, ONE } from './fixed.ts';
import { type LiquidRate, liquidRateOf, rateOfEdge } from './liquid-alpha.ts';
import { columnSums, type FixedMatrix } from './sparse-matrix.ts';

/** What one row of bonds is made from. */
interface Making {
  readonly consensus: Float64Array;
  readonly beta: number;
  /** α, unless it is liquid. */
  readonly rate: number;
  readonly liquid: LiquidRate | undefined;
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
  weights: FixedMatrix,
  consensus: Float64Array,
  beta: number,
  activeStake: Float64Array,
  incentive: Float64Array,
): BondsOutcome {
  const { n, bonds, params } = input;
  const dropped = droppedBonds(input);
  const making = { consensus, beta, rate: bondRate(input), liquid: liquidRateOf(params, consensus) };
  const draft = bondsDraft(n, weights, bonds);
  const row = alignedRow(n);
  for (let i = 0; i < n; i += 1) {
    const count = alignRow(row, weights, bonds, dropped, i);
    draft.starts[i + 1] = makeRow(draft, draft.starts[i]!, row, count, making);
  }
  const emaBonds = finishBonds(draft);
  const sums = columnSums(emaBonds, n);
  const dividends = activeStake.map((share, i) => {
    if (share === 0) return 0;
    const earned = earnRow(emaBonds, emaBonds.starts[i]!, emaBonds.starts[i + 1]!, sums, incentive);
    return multiplyFixed(earned, share);
  });
  normalizeFixed(dividends);
  return { emaBonds, dividends };
}

/** Appends the positive bonds of a row; the new length. */
function makeRow(
  draft: BondsDraft,
  from: number,
  { uids, weights, held }: AlignedRow,
  count: number,
  { consensus, beta, rate, liquid }: Making,
): number {
  let length = from;
  for (let k = 0; k < count; k += 1) {
    const uid = uids[k]!;
    const weight = weightForBonds(weights[k]!, consensus[uid]!, beta);
    const bond = fixedFromU16(held[k]!);
    const alpha = liquid === undefined ? rate : rateOfEdge(liquid, consensus[uid]!, weight, bond);
    const next = multiplyFixed(alpha, weight) + multiplyFixed(ONE - alpha, bond);
    if (next === 0) continue;
    draft.uids[length] = uid;
    draft.values[length] = liquid === undefined ? next : Math.min(ONE, next);
    length += 1;
  }
  return length;
}

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
    if (incentive[uid]! > 0) earned += multiplyFixed(divideFixed(values[k]!, sums[uid]!), incentive[uid]!);
  }
  return earned;
}
