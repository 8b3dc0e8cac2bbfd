import type { Fraction } from '../scoring/fraction.ts';

/**
 * What one expert lost in two texts of one kind, less the mean of the other members' losses in the same text (which takes out how hard
 * a text is; may be negative). One text was asked in one list, the other in two lists, one after the other.
 */
export interface AuditedPair {
  readonly oneList: Fraction;
  readonly twoLists: Fraction;
}

/** Pairs of one window: figures in docs/decisions/0035-statements.md. */
export const auditWindow = 320;

/**
 * What the audits of an expert come to, by its pairs in the order of their exams, the latest last.
 * - `unsuspicious`: the last full window shows nothing, or there is none yet.
 * - `suspected`: in the last full window its losses in one list are lower at z > 3. One window in about 600 of an honest expert is so.
 * - `inventing`: so are those of the window before. It makes vectors up where it sees pieces beside kept parts, and keeps the
 *   losses of its two-list exams.
 */
export type AuditVerdict = 'unsuspicious' | 'suspected' | 'inventing';

export function auditOf(pairs: readonly AuditedPair[]): AuditVerdict {
  const full = Math.floor(pairs.length / auditWindow);
  const isLow = (window: number): boolean =>
    window >= 0 && isSurelyLower(pairs.slice(window * auditWindow, (window + 1) * auditWindow));
  if (!isLow(full - 1)) return 'unsuspicious';
  return isLow(full - 2) ? 'inventing' : 'suspected';
}

/** Losses are compared in whole millionths, so that the sums are exact. */
const unit = 1_000_000n;

/** Whether the mean of `twoLists − oneList` is more than three standard errors above 0: `z² = S²·(n − 1) / (n·Q − S²) > 9`. */
function isSurelyLower(pairs: readonly AuditedPair[]): boolean {
  let [sum, squares] = [0n, 0n];
  for (const { oneList, twoLists } of pairs) {
    const gain = inUnits(twoLists) - inUnits(oneList);
    sum += gain;
    squares += gain * gain;
  }
  const count = BigInt(pairs.length);
  return sum > 0n && sum * sum * (count - 1n) > 9n * (count * squares - sum * sum);
}

function inUnits({ numerator, denominator }: Fraction): bigint {
  return (numerator * unit) / denominator;
}
