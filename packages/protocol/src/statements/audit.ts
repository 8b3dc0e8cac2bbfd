import type { Fraction } from '../scoring/fraction.ts';

/** What one expert lost in two texts of one kind: one that it was examined on, and one whose parts it was sent as served texts, days apart. */
export interface AuditedPair {
  readonly inExam: Fraction;
  readonly inService: Fraction;
}

/** Of the pairs of one model version, in whole millionths of loss: what it lost more in service, summed, and its squares. Exact. */
export interface AuditSums {
  readonly count: bigint;
  readonly sum: bigint;
  readonly squares: bigint;
}

export const noAuditedPairs: AuditSums = { count: 0n, sum: 0n, squares: 0n };

/** Fewer pairs say nothing: their spread is not known well enough. */
export const leastAuditedPairs = 40;

export function addAuditedPair({ count, sum, squares }: AuditSums, pair: AuditedPair): AuditSums {
  const gain = inUnits(pair.inService) - inUnits(pair.inExam);
  return { count: count + 1n, sum: sum + gain, squares: squares + gain * gain };
}

/**
 * Whether an expert is surely better in exams than in service, by all pairs of its model version: the mean of what it lost more in service is
 * more than four standard errors above 0, `z² = S²·(n − 1) / (n·Q − S²) > 16`. Figures are in docs/decisions/0038-audits.md.
 */
export function isBetterInExams({ count, sum, squares }: AuditSums): boolean {
  if (count < leastAuditedPairs || sum <= 0n) return false;
  return sum * sum * (count - 1n) > 16n * (count * squares - sum * sum);
}

const unit = 1_000_000n;

function inUnits({ numerator, denominator }: Fraction): bigint {
  return (numerator * unit) / denominator;
}
