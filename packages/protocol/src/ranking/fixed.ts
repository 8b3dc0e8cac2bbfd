/**
 * Upstream computes an epoch in I32F32: 64-bit fixed point with 32 fractional bits, every product and quotient
 * rounded down (`substrate_fixed::types::I32F32`). Its integer emissions and u16 scores show that rounding, so
 * the ranking repeats it. A fixed-point number is held here as the integer `x · 2³²` in a double: sums stay below
 * 2⁵³ and are exact; products and quotients of two of them are not, and are corrected with the low 32 bits, which
 * `Math.imul` gives exactly.
 */

/** The number one in fixed point. */
export const ONE = 4_294_967_296;
export const U16_MAX = 65_535;

/** Nearer than 2⁻²⁰ to a whole number, a rounded product or quotient may have the wrong floor: errors are ≤ 2⁻²¹. */
const SAFE_FROM_HALF = 0.5 - 2 ** -20;
const FRACTION = 2 ** -32;

/** `⌊a·b / 2³²⌋` for fixed-point a, b whose product is at most 2⁶⁴: I32F32's `saturating_mul`. */
export function multiplyFixed(a: number, b: number): number {
  const product = a * b * FRACTION;
  const whole = Math.floor(product);
  return Math.abs(product - whole - 0.5) < SAFE_FROM_HALF ? whole : exactProduct(a, b);
}

/** Takes the exact low 32 bits off the rounded product; what is left is a multiple of 2³², up to its own error. */
function exactProduct(a: number, b: number): number {
  return Math.floor((a * b - (Math.imul(a, b) >>> 0)) * FRACTION + 0.5);
}

/** `⌊a·2³² / b⌋` for fixed-point a from 0 to b, b from 1 to 2⁴⁹: I32F32's `safe_div`. */
export function divideFixed(a: number, b: number): number {
  const quotient = (a / b) * ONE;
  const whole = Math.floor(quotient);
  return Math.abs(quotient - whole - 0.5) < SAFE_FROM_HALF ? whole : exactQuotient(quotient, b);
}

/** The remainder `a·2³² − q·b` of the nearest whole q is small, and known modulo 2³²: its sign decides. */
function exactQuotient(quotient: number, b: number): number {
  const nearest = Math.floor(quotient + 0.5);
  return Math.imul(nearest, b) <= 0 ? nearest : nearest - 1;
}

/** `⌊part·2³² / whole⌋` of two small whole numbers (part · 2³² below 2⁵²), exact without correction. */
export function fixedRatio(part: number, whole: number): number {
  return Math.floor((part * ONE) / whole);
}

/** A u16 proportion of 65,535 in fixed point (`u16_proportion_to_fixed`). */
export function fixedFromU16(value: number): number {
  return fixedRatio(value, U16_MAX);
}

/** The u16 proportion of a fixed-point number, rounded down and capped (`fixed_proportion_to_u16`). */
export function u16FromFixed(value: number): number {
  return Math.min(U16_MAX, Math.floor((value * U16_MAX) / ONE));
}

/** The nearest fixed-point number, as `I32F32::saturating_from_num` of a float. */
export function fixedFromNumber(value: number): number {
  return Math.floor(value * ONE + 0.5);
}

/** Normalises to a sum of one in place; a zero vector stays (`inplace_normalize`). */
export function normalizeFixed(values: Float64Array, sum: number = sumOf(values)): void {
  if (sum === 0) return;
  for (let i = 0; i < values.length; i += 1) if (values[i] !== 0) values[i] = divideFixed(values[i]!, sum);
}

export function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]!;
  return sum;
}

/** The plain fractions of fixed-point numbers: exact doubles. */
export function fractionsOf(values: Float64Array): number[] {
  return Array.from(values, (value) => value / ONE);
}
