import { divideFixed } from './fixed.ts';
import type { SparseMatrix } from './sparse-matrix.ts';

/** Sum of each of n columns. */
export function columnSums(uids: Uint16Array, values: Float64Array, n: number): Float64Array {
  const sums = new Float64Array(n);
  for (let k = 0; k < uids.length; k += 1) sums[uids[k]!] = sums[uids[k]!]! + values[k]!;
  return sums;
}

/** Columns normalised to a sum of one in place. Source: subtensor `inplace_col_normalize_sparse` (math.rs). */
export function normalizeColumns({ uids, values }: SparseMatrix, n: number): void {
  const sums = columnSums(uids, values, n);
  for (let k = 0; k < uids.length; k += 1) {
    const sum = sums[uids[k]!]!;
    if (sum !== 0 && values[k] !== 0) values[k] = divideFixed(values[k]!, sum);
  }
}

/** Largest value of each of n columns. */
export function columnMaxima({ uids, values }: SparseMatrix, n: number): Float64Array {
  const maxima = new Float64Array(n);
  for (let k = 0; k < uids.length; k += 1) if (values[k]! > maxima[uids[k]!]!) maxima[uids[k]!] = values[k]!;
  return maxima;
}
