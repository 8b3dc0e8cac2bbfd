/** An exact fraction; the denominator is positive. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export function fraction(numerator: number | bigint, denominator: number | bigint): Fraction {
  return { numerator: BigInt(numerator), denominator: BigInt(denominator) };
}

/** Negative when a < b, zero when equal, positive when a > b. */
export function compareFractions(a: Fraction, b: Fraction): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** `(weight·a + b) / (weight + count)` where `b` is a sum over `count` terms. */
export function shrink(a: Fraction, weight: bigint, sum: Fraction, count: bigint): Fraction {
  return {
    numerator: weight * a.numerator * sum.denominator + sum.numerator * a.denominator,
    denominator: (weight + count) * a.denominator * sum.denominator,
  };
}

/** For people and for delivery; never for a decision about money. */
export function toNumber(value: Fraction): number {
  return Number((value.numerator * 1_000_000n) / value.denominator) / 1_000_000;
}
