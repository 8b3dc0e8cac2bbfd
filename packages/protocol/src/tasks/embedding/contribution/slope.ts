/** Steps of a margin in one margin scale τ. */
export const stepsPerScale = 1_024;

/** `⌊a / b⌋` of whole numbers below 2⁵³, exactly. */
export function quotient(a: number, b: number): number {
  return (a - (a % b)) / b;
}

/**
 * What a unit of a pair's margin is worth, `2²⁴ / (1 + x)` rounded down, where the margin has the size `x = steps / 1024` in scales. So a
 * pair with margin `m` is worth `m / (τ + |m|)`: −1 lost for certain, 0 a tie, 1 won for certain.
 */
export function slope(steps: number): number {
  return quotient(2 ** 34, stepsPerScale + steps);
}
