import type { RankingParameters } from './epoch-input.ts';
import { sigmoidSafe } from './exponential.ts';
import { fixedFromU16, multiplyFixed, ONE } from './fixed.ts';

/** Bounds in fixed point. */
export interface LiquidRate {
  readonly low: number;
  readonly high: number;
  /** Factor of the sigmoid's exponent. */
  readonly steepness: number;
}

/** Undefined while no node has any consensus: the plain rate then holds. Source: subtensor `compute_bonds`. */
export function liquidRateOf(params: RankingParameters, consensus: Float64Array): LiquidRate | undefined {
  if (!params.liquidAlpha || consensus.every((value) => value === 0)) return undefined;
  return {
    low: fixedFromU16(params.alphaLowU16),
    high: fixedFromU16(params.alphaHighU16),
    steepness: params.alphaSigmoidSteepness / 100,
  };
}

/**
 * The liquid bond rate of an edge: `α = lo + (hi − lo)·σ(steepness/100 · (d − ½))` with
 * `d = clamp(W ≥ B ? W − C : B − W, 0, 1)`. The exponent is held in [−20, 20] (upstream's `exp` overflows near 21.5
 * and the rate would jump to `hi`).
 *
 * Source: subtensor `alpha_sigmoid`, `compute_liquid_alpha_values` (run_epoch.rs).
 */
export function rateOfEdge(
  { low, high, steepness }: LiquidRate,
  consensus: number,
  weight: number,
  bond: number,
): number {
  const gap = weight >= bond ? weight - consensus : bond - weight;
  const difference = Math.max(0, Math.min(ONE, gap)) / ONE;
  const share = Math.floor(sigmoidSafe(difference, steepness, 0.5) * ONE);
  return Math.max(low, Math.min(high, low + multiplyFixed(share, high - low)));
}
