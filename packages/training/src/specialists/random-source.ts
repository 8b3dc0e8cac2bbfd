/** Seeded pseudo-random integers (mulberry32) for training: quick, repeatable, no secret. */
export interface RandomSource {
  /** Uniform in [0, bound), bound below 2²⁴. */
  below(bound: number): number;
}

export function randomSource(seed: number): RandomSource {
  let state = seed | 0;
  return {
    below(bound) {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
    },
  };
}
