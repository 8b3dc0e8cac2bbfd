import type { Amount } from '@market-of-experts/core';
import { addProducts, type DatumProducts } from '../exam/products.ts';
import { int16Scale } from '../vector.ts';
import { quotient, slope, stepsPerScale } from './slope.ts';

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
  /** τ, in millionths of a cosine of the mixture: a pair with this margin is worth half of one that is won for certain; 1 or more. */
  readonly marginScaleMillionths: number;
}

/**
 * What each part adds to the worth of the mixture in one exam (Aumann and Shapley's prices; docs/concepts/pay.md): the mean over pairs
 * (own piece p, other entry o) of `slope(|m| / τ) · wᵢ · (sᵢ(p) − sᵢ(o))` times the fee, where `m = Σ wᵢ (sᵢ(p) − sᵢ(o))`.
 * Together they are the mean of `m / (τ + |m|)`. A part that was away, like a vector of zeros, adds 0. Negative where a part pulls
 * the wrong way. It is linear in wᵢ·sᵢ: a model that is split into parts that lie side by side gets the same in sum.
 *
 * Exact: a product is below 1.05·2³⁰ in size and the weights sum to at most 2²¹, so that margins are below 2⁵³; a slope is at most 2²⁴
 * and those of up to 2²⁹ entries add up in a number; everything beyond is a bigint. The division by the number of pairs rounds
 * towards 0.
 */
export function contributionsTo(rule: ContributionRule, row: ContributionRow): bigint[] {
  const present = row.parts.flatMap((products, index) =>
    products === undefined ? [] : [{ products, weight: rule.weights[index]! }],
  );
  if (present.length === 0) return row.parts.map(() => 0n);
  const mixture = addProducts(present);
  const pairs = BigInt(mixture.own.length * mixture.others.length);
  if (pairs === 0n) return row.parts.map(() => 0n);
  const step = stepOf(rule);
  const slopes = { own: mixture.own.map(() => 0), others: mixture.others.map(() => 0) };
  for (const [p, right] of mixture.own.entries())
    for (const [o, wrong] of mixture.others.entries()) {
      const worth = slope(quotient(Math.abs(right - wrong), step));
      slopes.own[p]! += worth;
      slopes.others[o]! += worth;
    }
  // Σ over pairs of slope · (s(p) − s(o)), each entry taken once.
  return row.parts.map((products, index) => {
    if (products === undefined) return 0n;
    const added = weighted(slopes.own, products.own) - weighted(slopes.others, products.others);
    return (row.feeMicro * BigInt(rule.weights[index]!) * added) / pairs;
  });
}

/** The sums over an epoch's exams, in one pass. */
export function sumOfContributions(rule: ContributionRule, rows: Iterable<ContributionRow>): bigint[] {
  const sums = rule.weights.map(() => 0n);
  for (const row of rows)
    for (const [index, added] of contributionsTo(rule, row).entries()) sums[index]! += added;
  return sums;
}

/** Units of the mixture's margin in one step of {@link slope}: rounded up, so at least 1. */
function stepOf({ weights, marginScaleMillionths }: ContributionRule): number {
  const sum = BigInt(weights.reduce((before, weight) => before + weight, 0));
  const units = sum * BigInt(int16Scale) ** 2n * BigInt(marginScaleMillionths);
  const steps = 1_000_000n * BigInt(stepsPerScale);
  return Number((units + steps - 1n) / steps);
}

function weighted(slopes: readonly number[], products: readonly number[]): bigint {
  return slopes.reduce((sum, worth, index) => sum + BigInt(worth) * BigInt(products[index]!), 0n);
}
