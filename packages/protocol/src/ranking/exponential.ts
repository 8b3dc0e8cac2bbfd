/**
 * `e^x` and the sigmoid from `+ − × ÷` and floor only, so that every machine computes the same bits (`Math.exp` may
 * differ between engines). Relative error below 1e-15.
 */
const LN2_HIGH = 0.693_147_180_369_123_8;
const LN2_LOW = 1.908_214_929_270_587_7e-10;
const INVERSE_LN2 = Math.LOG2E;
/** Taylor terms of e^r for |r| ≤ ln 2 / 2: the next one is below 2⁻⁵⁴. */
const TERMS = 14;

/** `e^x`, for x from −700 to 700; beyond that the bound's value. */
export function exponential(x: number): number {
  const bounded = Math.max(-700, Math.min(700, x));
  const power = Math.floor(bounded * INVERSE_LN2 + 0.5);
  const rest = bounded - power * LN2_HIGH - power * LN2_LOW;
  let sum = 1;
  for (let term = TERMS; term >= 1; term -= 1) sum = 1 + (sum * rest) / term;
  return sum * powerOfTwo(power);
}

/** `1 / (1 + e^−x)`. */
export function sigmoid(x: number): number {
  return 1 / (1 + exponential(-x));
}

/**
 * `1 / (1 + e^(−ρ(x − κ)))` with the exponent held in [−20, 20].
 *
 * Source: subtensor `sigmoid_safe` over `exp_safe` (math.rs); the paper's σ (section 4) with its bounds.
 */
export function sigmoidSafe(x: number, rho: number, kappa: number): number {
  return sigmoid(Math.max(-20, Math.min(20, rho * (x - kappa))));
}

function powerOfTwo(exponent: number): number {
  let result = 1;
  let factor = exponent < 0 ? 0.5 : 2;
  for (let left = Math.abs(exponent); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= factor;
    factor *= factor;
  }
  return result;
}
