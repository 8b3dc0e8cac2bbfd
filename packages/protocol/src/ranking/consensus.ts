import { divideFixed, sumOf } from './fixed.ts';
import type { FixedMatrix } from './sparse-matrix.ts';
import { selectWeightedMedian } from './weighted-median.ts';

const COLUMNS_AT_ONCE = 32;

/**
 * Consensus weight of every node: the largest w with `Σ Sᵢ·[Wᵢⱼ ≥ w] ≥ κ`, which is the stake-weighted median from
 * below: the smallest weight at which the stake at or below it passes the minority `ΣS − κ`. An exact split at κ
 * takes the higher weight. A missing weight counts as zero. All fixed point.
 *
 * Source: subtensor `weighted_median_col_sparse` (math.rs).
 */
export function consensusOf(weights: FixedMatrix, activeStake: Float64Array, kappa: number): Float64Array {
  const { starts } = weights;
  const n = activeStake.length;
  const stake = normalizedPositive(activeStake);
  const total = sumOf(stake);
  const minority = total - kappa;
  const voters = stake.reduce((count, share) => count + (share > 0 ? 1 : 0), 0);
  const consensus = new Float64Array(n);
  if (voters === 0) return consensus;
  // Columns are gathered a few at a time: reading all rows for one column would miss the cache at every entry.
  const gathered: Gathered = {
    voters,
    scores: new Float64Array(voters * COLUMNS_AT_ONCE),
    shares: new Float64Array(voters * COLUMNS_AT_ONCE),
    counts: new Int32Array(COLUMNS_AT_ONCE),
    given: new Float64Array(COLUMNS_AT_ONCE),
  };
  const { scores, shares, counts, given } = gathered;
  const cursors = starts.slice(0, n);
  for (let first = 0; first < n; first += COLUMNS_AT_ONCE) {
    const end = Math.min(n, first + COLUMNS_AT_ONCE);
    counts.fill(0);
    given.fill(0);
    for (let i = 0; i < n; i += 1)
      if (stake[i]! > 0)
        cursors[i] = gatherRow(weights, cursors[i]!, starts[i + 1]!, first, end, stake[i]!, gathered);
    for (let column = 0; column < end - first; column += 1) {
      const count = counts[column]!;
      // Those who gave nothing stand below every positive weight.
      const below = total - given[column]!;
      if (count === 0 || (count < voters && below > minority)) continue;
      consensus[first + column] = selectWeightedMedian(
        scores,
        shares,
        column * voters,
        count,
        below,
        minority,
      );
    }
  }
  return consensus;
}

/** Positive entries of a few columns, one column after the other, `voters` places each. */
interface Gathered {
  readonly voters: number;
  readonly scores: Float64Array;
  readonly shares: Float64Array;
  readonly counts: Int32Array;
  /** Stake of those who gave the column anything. */
  readonly given: Float64Array;
}

/** Adds the entries of one row from `from` on whose uids are below `end`; where the next ones start. */
function gatherRow(
  { uids, values }: FixedMatrix,
  from: number,
  to: number,
  first: number,
  end: number,
  share: number,
  { voters, scores, shares, counts, given }: Gathered,
): number {
  let k = from;
  for (; k < to && uids[k]! < end; k += 1) {
    const weight = values[k]!;
    if (weight === 0) continue;
    const column = uids[k]! - first;
    const at = column * voters + counts[column]!;
    scores[at] = weight;
    shares[at] = share;
    counts[column] = counts[column]! + 1;
    given[column] = given[column]! + share;
  }
  return k;
}

function normalizedPositive(activeStake: Float64Array): Float64Array {
  const sum = sumOf(activeStake);
  return sum === 0 ? activeStake : activeStake.map((share) => (share > 0 ? divideFixed(share, sum) : 0));
}
