/**
 * True for the k largest values. Among equal values the higher index wins: upstream sorts ascending and stably and
 * drops from the front. All are true if there are fewer than k.
 *
 * Source: subtensor `is_topk` (math.rs).
 */
export function isTopK(values: ArrayLike<number>, k: number): boolean[] {
  const n = values.length;
  const chosen = new Array<boolean>(n).fill(true);
  if (n < k) return chosen;
  const order = Array.from({ length: n }, (_, index) => index);
  order.sort((a, b) => values[a]! - values[b]! || a - b);
  for (let rank = 0; rank < n - k; rank += 1) chosen[order[rank]!] = false;
  return chosen;
}

/** {@link isTopK} without zeros: nobody holds a permit for no stake. Source: subtensor `is_topk_nonzero`. */
export function isTopKNonzero(values: ArrayLike<number>, k: number): boolean[] {
  return isTopK(values, k).map((isChosen, index) => isChosen && values[index] !== 0);
}
