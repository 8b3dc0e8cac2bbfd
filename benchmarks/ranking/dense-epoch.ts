/** The peer of the ranking benchmark: an epoch of Yuma written down plainly over full matrices of doubles. */
export interface DenseInput {
  readonly stake: readonly number[];
  /** Validators × nodes. */
  readonly weights: readonly Float64Array[];
  readonly bonds: readonly Float64Array[];
}

const KAPPA = 0.5;
const ALPHA = 0.1;

export function denseEpoch({ stake, weights, bonds }: DenseInput): {
  readonly incentive: number[];
  readonly dividends: number[];
} {
  const totalStake = total(stake);
  const shares = stake.map((amount) => amount / totalStake);
  const normalized = weights.map((row) => {
    const sum = total(row);
    return row.map((weight) => (sum === 0 ? 0 : weight / sum));
  });
  const nodes = normalized[0]!.length;
  const consensus = Array.from({ length: nodes }, (_, j) => {
    const column = normalized.map((row, i) => ({ weight: row[j]!, share: shares[i]! }));
    column.sort((a, b) => b.weight - a.weight);
    let reached = 0;
    for (const { weight, share } of column) {
      reached += share;
      if (reached >= KAPPA) return weight;
    }
    return 0;
  });
  const clipped = normalized.map((row) => row.map((weight, j) => Math.min(weight, consensus[j]!)));
  const rank = Array.from({ length: nodes }, (_, j) => total(clipped.map((row, i) => shares[i]! * row[j]!)));
  const totalRank = total(rank);
  const incentive = rank.map((value) => value / totalRank);

  const delta = columnNormalized(clipped.map((row, i) => row.map((weight) => shares[i]! * weight)));
  const old = columnNormalized(bonds);
  const next = columnNormalized(
    delta.map((row, i) => row.map((bond, j) => ALPHA * bond + (1 - ALPHA) * old[i]![j]!)),
  );
  const earned = next.map((row) => total(row.map((bond, j) => bond * incentive[j]!)));
  const totalEarned = total(earned);
  return { incentive, dividends: earned.map((value) => value / totalEarned) };
}

function columnNormalized(matrix: readonly Float64Array[]): Float64Array[] {
  const sums = new Float64Array(matrix[0]!.length);
  for (const row of matrix)
    row.forEach((value, j) => {
      sums[j]! += value;
    });
  return matrix.map((row) => row.map((value, j) => (sums[j] === 0 ? 0 : value / sums[j]!)));
}

function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]!;
  return sum;
}
