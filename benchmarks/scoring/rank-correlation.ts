/** Spearman's rank correlation; equal values share the mean of their ranks. */
export function spearman(left: readonly number[], right: readonly number[]): number {
  const a = ranksOf(left);
  const b = ranksOf(right);
  const mean = (left.length - 1) / 2;
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (const [index, rank] of a.entries()) {
    product += (rank - mean) * (b[index]! - mean);
    squaresA += (rank - mean) ** 2;
    squaresB += (b[index]! - mean) ** 2;
  }
  return product / Math.sqrt(squaresA * squaresB);
}

function ranksOf(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const level = values.filter((other) => other === value).length;
    return below + (level - 1) / 2;
  });
}
