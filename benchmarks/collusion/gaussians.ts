import { uniformFrom } from '../late/random.ts';

const made = new Map<string, Float32Array>();

/** `count` standard normal numbers that follow from the seed alone. Kept: a market is played many times over. */
export function gaussians(count: number, ...seed: readonly number[]): Float32Array {
  const key = `${count}/${seed.join('/')}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const uniform = uniformFrom(...seed);
  const numbers = Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
  made.set(key, numbers);
  return numbers;
}
