import { hash } from 'node:crypto';

/**
 * Uniform integers from a seed: SHA-256 in counter mode. Everything that the protocol draws comes from here,
 * so that anyone can draw it again.
 */
export interface DrawStream {
  /** Uniform in [0, bound), 1 ≤ bound ≤ 2³². */
  below(bound: number): number;
  /** Uniform in [0, bound), 1 ≤ bound ≤ 2¹²⁷, by rejection. */
  belowBig(bound: bigint): bigint;
}

/** `label` separates the draws that one seed makes (members, mask, distractors …). */
export function drawStream(seed: string, label: string): DrawStream {
  let block = Buffer.alloc(0);
  let offset = 0;
  let counter = 0;
  const take = (length: number): Buffer => {
    if (offset + length > block.length) {
      block = hash('sha256', `moe/stream/1:${label}:${seed}:${counter}`, 'buffer');
      counter += 1;
      offset = 0;
    }
    offset += length;
    return block.subarray(offset - length, offset);
  };
  return {
    below(bound) {
      // Values at or above the largest multiple of `bound` are drawn again: no remainder bias.
      const limit = 2 ** 32 - (2 ** 32 % bound);
      for (;;) {
        const value = take(4).readUInt32BE();
        if (value < limit) return value % bound;
      }
    },
    belowBig(bound) {
      const limit = 2n ** 128n - (2n ** 128n % bound);
      for (;;) {
        const bytes = take(16);
        const value = (bytes.readBigUInt64BE(0) << 64n) | bytes.readBigUInt64BE(8);
        if (value < limit) return value % bound;
      }
    },
  };
}

/** `count` different integers of [0, size), in the order drawn (partial Fisher–Yates). */
export function drawDistinct(stream: DrawStream, size: number, count: number): Uint32Array {
  const pool = new Uint32Array(size);
  for (let index = 0; index < size; index += 1) pool[index] = index;
  const drawn = Math.min(count, size);
  for (let index = 0; index < drawn; index += 1) {
    const other = index + stream.below(size - index);
    const value = pool[other]!;
    pool[other] = pool[index]!;
    pool[index] = value;
  }
  return pool.subarray(0, drawn);
}
