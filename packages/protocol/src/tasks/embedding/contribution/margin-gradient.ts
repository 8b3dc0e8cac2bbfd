import type { Amount } from '@market-of-experts/core';
import { addProducts, type DatumProducts } from '../exam/products.ts';
import { int16Scale } from '../vector.ts';
import { bell, mostSteps, quotient, stepsPerScale } from './bell.ts';

/** What the parts of an edition said about one datum of a certified exam. */
export interface ContributionRow {
  /** What the datum counts for: a client's texts weigh no more than he pays. */
  readonly feeMicro: Amount;
  /** In the edition's order; undefined for a part that was away. The same own and other entries for all. */
  readonly parts: readonly (DatumProducts | undefined)[];
}

export interface ContributionRule {
  /** Whole weights of the edition's parts, 1 or more, together at most 2²¹. */
  readonly weights: readonly number[];
  /** τ: the margin, in millionths of a cosine of the mixture, at which a pair counts a quarter of an undecided one; 1 or more. */
  readonly marginScaleMillionths: number;
}

/**
 * What each part adds to the margins of the mixture in one exam: the mean over pairs (own piece p, other entry o) of
 * `bell(m / τ) · wᵢ · (sᵢ(p) − sᵢ(o))` times the fee, where `m = Σ wᵢ (sᵢ(p) − sᵢ(o))`. A part that was away, like a vector of
 * zeros, adds 0. Negative where a part pulls the wrong way. It is linear in wᵢ·sᵢ, so that a model which is split into parts
 * that lie side by side gets the same in sum.
 *
 * Exact: a product is below 1.05·2³⁰ in size and the weights sum to at most 2²¹, so that margins are below 2⁵³; a bell is at most 2²⁴ and
 * those of up to 2²⁹ entries add up in a number; everything beyond is a bigint. The division by the number of pairs rounds towards 0.
 */
export function marginGradient(rule: ContributionRule, row: ContributionRow): bigint[] {
  const present = row.parts.flatMap((products, index) =>
    products === undefined ? [] : [{ products, weight: rule.weights[index]! }],
  );
  if (present.length === 0) return row.parts.map(() => 0n);
  const mixture = addProducts(present);
  const pairs = BigInt(mixture.own.length * mixture.others.length);
  if (pairs === 0n) return row.parts.map(() => 0n);
  const step = stepOf(rule);
  const pull: { readonly own: number[]; readonly others: number[] } = {
    own: mixture.own.map(() => 0),
    others: mixture.others.map(() => 0),
  };
  for (const [p, right] of mixture.own.entries())
    for (const [o, wrong] of mixture.others.entries()) {
      const counts = bell(Math.min(mostSteps, quotient(Math.abs(right - wrong), step)));
      pull.own[p]! += counts;
      pull.others[o]! += counts;
    }
  // Σ over pairs of bell · (s(p) − s(o)), each entry taken once.
  return row.parts.map((products, index) => {
    if (products === undefined) return 0n;
    const drawn = weighted(pull.own, products.own) - weighted(pull.others, products.others);
    return (row.feeMicro * BigInt(rule.weights[index]!) * drawn) / pairs;
  });
}

/** The sums over an epoch's exams, in one pass. */
export function sumOfGradients(rule: ContributionRule, rows: Iterable<ContributionRow>): bigint[] {
  const sums = rule.weights.map(() => 0n);
  for (const row of rows)
    for (const [index, gradient] of marginGradient(rule, row).entries()) sums[index]! += gradient;
  return sums;
}

/** Units of the mixture's margin in one step of {@link bell}: rounded up, so at least 1. */
function stepOf({ weights, marginScaleMillionths }: ContributionRule): number {
  const sum = BigInt(weights.reduce((before, weight) => before + weight, 0));
  const units = sum * BigInt(int16Scale) ** 2n * BigInt(marginScaleMillionths);
  const steps = 1_000_000n * BigInt(stepsPerScale);
  return Number((units + steps - 1n) / steps);
}

function weighted(counts: readonly number[], products: readonly number[]): bigint {
  return counts.reduce((sum, count, index) => sum + BigInt(count) * BigInt(products[index]!), 0n);
}
