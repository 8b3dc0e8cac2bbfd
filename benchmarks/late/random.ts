/** Uniform numbers in [0, 1) that follow from a seed alone. */
export type Uniform = () => number;

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, enough for the few numbers of one link and job. */
export function uniformFrom(...seed: readonly number[]): Uniform {
  let state = 0x9e3779b9;
  for (const part of seed) state = Math.imul(state ^ part, 0x85ebca6b) ^ (state >>> 13);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Log-normal with this median; `sigma` is the deviation of its logarithm. Box–Muller. */
export function logNormal(uniform: Uniform, median: number, sigma: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
  return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * uniform()));
}

/** As often between `low` and twice `low` as between `high / 2` and `high`. */
export function logUniform(uniform: Uniform, low: number, high: number): number {
  return low * (high / low) ** uniform();
}
