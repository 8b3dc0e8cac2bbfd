import { normalizeFixed, sumOf } from './fixed.ts';

/** One epoch's emission by uid. */
export interface EpochEmission {
  /** Share of the whole emission, fixed point. */
  readonly emissionNormalized: Float64Array;
  /** Whole units for nodes by incentive, for validators by dividends, and both together. */
  readonly serverEmission: number[];
  readonly validatorEmission: number[];
  readonly emission: number[];
}

/**
 * Incentive and dividends divided by the sum of both; without any, validators get the emission by active stake, and
 * without active stake by all stake. Amounts are rounded down; what is left over stays with the caller. The combined
 * amount is rounded by itself, so it may exceed its two parts by one.
 *
 * Source: subtensor `epoch_mechanism`, "Emission and Pruning scores".
 */
export function epochEmission(
  incentive: Float64Array,
  dividends: Float64Array,
  activeStake: Float64Array,
  stake: Float64Array,
  emission: number,
): EpochEmission {
  const combined = incentive.map((value, i) => value + dividends[i]!);
  const sum = sumOf(combined);
  if (sum === 0) {
    const fallback = sumOf(activeStake) === 0 ? stake : activeStake;
    return {
      emissionNormalized: fallback,
      serverEmission: new Array(incentive.length).fill(0),
      validatorEmission: amounts(fallback, emission),
      emission: amounts(fallback, emission),
    };
  }
  const server = incentive.slice();
  const validator = dividends.slice();
  normalizeFixed(server, sum);
  normalizeFixed(validator, sum);
  normalizeFixed(combined, sum);
  return {
    emissionNormalized: combined,
    serverEmission: amounts(server, emission),
    validatorEmission: amounts(validator, emission),
    emission: amounts(combined, emission),
  };
}

/** Upstream multiplies in I96F32: exact products, rounded down. */
function amounts(shares: Float64Array, emission: number): number[] {
  const whole = BigInt(emission);
  return Array.from(shares, (share) => (share === 0 ? 0 : Number((BigInt(share) * whole) >> 32n)));
}
