/** Chance from a seed: the same seed gives the same cases. */
export interface Random {
  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number;
  /** True once in `times`. */
  onceIn(times: number): boolean;
  of<T>(list: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** Mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    onceIn: (times) => below(times) === 0,
    of: (list) => list[below(list.length)]!,
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at++) bytes[at] = below(256);
      return bytes;
    },
  };
}
