import { U16_MAX } from './fixed.ts';
import { invalidInput } from './invalid-input.ts';

const GRID = 4_294_967_296;

/**
 * Scales weights so that the largest is 65,535, rounded to the nearest: the form in which a validator's row is
 * stored. All zero stays zero.
 *
 * Source: subtensor `vec_max_upscale_to_u16`, `vec_u16_max_upscale_to_u16` (math.rs), on I32F32's grid, whose
 * quotient is rounded down first. Errors: `invalid-ranking-input`.
 */
export function maxUpscaleToU16(values: readonly number[]): number[] {
  const units = values.map((value) => {
    if (!(value >= 0 && value < 2 ** 31))
      throw invalidInput(`A weight is ${value}; it must be from 0 to 2^31.`);
    return BigInt(Math.floor(value * GRID + 0.5));
  });
  const largest = units.reduce((most, unit) => (unit > most ? unit : most), 0n);
  if (largest === 0n) return values.map(() => 0);
  const grid = BigInt(GRID);
  const top = BigInt(U16_MAX);
  // Above 32,768 the product with 65,535 would overflow I32F32: upstream divides first.
  const isLarge = largest > 32_768n * grid;
  return units.map((unit) => {
    const scaled = isLarge ? (unit * ((top * grid * grid) / largest)) / grid : (unit * top * grid) / largest;
    return Math.min(U16_MAX, Number((scaled + grid / 2n) / grid));
  });
}

/**
 * Whether no u16 weight, with the row normalised, is above `limit` of 65,535.
 *
 * Source: subtensor `check_vec_max_limited` (math.rs): both sides rounded down to I32F32.
 */
export function isMaxLimited(weights: readonly number[], limit: number): boolean {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return true;
  const most = Math.floor((Math.max(...weights) * GRID) / total);
  return most <= Math.floor((limit * GRID) / U16_MAX);
}
