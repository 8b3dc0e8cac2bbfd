/** Steps of a margin in one margin scale τ. */
export const stepsPerScale = 1_024;
/** From here on {@link bell} is 0. */
export const mostSteps = 2 ** 20;

/** `⌊a / b⌋` of whole numbers below 2⁵³, exactly. */
export function quotient(a: number, b: number): number {
  return (a - (a % b)) / b;
}

/**
 * How much a pair counts whose margin is `steps` (0 to {@link mostSteps}, 1,024 a scale): `2²⁴ / (1 + x²)²` with `x = steps / 1024`,
 * rounded down twice. It stands for σ′ of the logistic function, which needs an exponential: a pair that is decided by far counts
 * little, one that hangs in the balance most. Both products of whole numbers stay below 2⁴¹.
 */
export function bell(steps: number): number {
  const ratio = quotient(2 ** 40, 2 ** 20 + steps * steps);
  return quotient(ratio * ratio, 2 ** 16);
}
