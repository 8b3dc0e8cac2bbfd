/** Matrix steps of the ranking over plain nested arrays, as the vectors of upstream's math tests name them. */
import { multiplyFixed, ONE } from './fixed.ts';
import { invalidInput } from './invalid-input.ts';
import type { SparseRows } from './sparse-matrix.ts';

type Matrix = readonly (readonly number[])[];

/** Every column capped at its threshold. Source: subtensor `inplace_col_clip` (math.rs). */
export function clipColumns(matrix: Matrix, thresholds: readonly number[]): number[][] {
  return matrix.map((row) => row.map((value, j) => Math.min(value, thresholds[j] ?? 0)));
}

/** `A + ratio·(B − A)`. Source: subtensor `interpolate` (math.rs). Errors: `invalid-ranking-input`. */
export function interpolate(a: Matrix, b: Matrix, ratio: number): number[][] {
  checkShapes(a, b);
  if (ratio === 1) return b.map((row) => [...row]);
  return a.map((row, i) => row.map((value, j) => value + ratio * (b[i]![j]! - value)));
}

/**
 * `(1 − α)·old + α·next`, at most 1; α from 0 to 1 is one number or one for each entry, values are 0 to 15.
 *
 * Source: subtensor `mat_ema_alpha` (math.rs). Errors: `invalid-ranking-input`.
 */
export function emaWithAlpha(next: Matrix, old: Matrix, alpha: number | Matrix): number[][] {
  checkShapes(next, old);
  if (typeof alpha !== 'number') checkShapes(next, alpha);
  return next.map((row, i) => row.map((value, j) => emaOf(value, old[i]![j]!, alphaAt(alpha, i, j))));
}

/**
 * {@link emaWithAlpha} over sparse rows, as upstream's sparse code has it: entries that `next` lacks are dropped
 * instead of decaying. `rankEpoch` does not follow it there; see docs/reference/ranking.md.
 *
 * Source: subtensor `mat_ema_alpha_sparse` (math.rs). Errors: `invalid-ranking-input`.
 */
export function emaWithAlphaSparse(
  next: Extract<SparseRows, readonly unknown[]>,
  old: Extract<SparseRows, readonly unknown[]>,
  alpha: number | Matrix,
): [uid: number, value: number][][] {
  if (next.length !== old.length)
    throw invalidInput(`The matrices have ${next.length} and ${old.length} rows; give as many of both.`);
  return next.map((row, i) => {
    const before = new Map(old[i]);
    return row
      .map(([uid, value]): [number, number] => [
        uid,
        emaOf(value, before.get(uid) ?? 0, alphaAt(alpha, i, uid)),
      ])
      .filter(([, value]) => value > 0);
  });
}

/** On I32F32's grid, every step rounded down. */
function emaOf(next: number, old: number, alpha: number): number {
  const [a, b, rate] = [next, old, alpha].map((value) => Math.floor(value * ONE)) as [number, number, number];
  return Math.min(ONE, multiplyFixed(ONE - rate, b) + multiplyFixed(rate, a)) / ONE;
}

function alphaAt(alpha: number | Matrix, i: number, j: number): number {
  return typeof alpha === 'number' ? alpha : (alpha[i]?.[j] ?? 0);
}

function checkShapes(a: Matrix, b: Matrix): void {
  if (a.length !== b.length || a.some((row, i) => row.length !== b[i]!.length))
    throw invalidInput('The matrices have different shapes; give one value for each entry of both.');
}
