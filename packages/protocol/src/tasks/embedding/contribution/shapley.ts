import { type Fraction, fraction } from '../../../scoring/fraction.ts';
import type { DatumProducts } from '../exam/products.ts';
import type { ContributionRow } from './contribution.ts';

/**
 * Exact Shapley values of up to eight parts, in loss: by how much each lowers the loss of a mixture from ½, on average over all
 * orders in which they could be put together. They add up to ½ minus the loss of the whole. Every pair counts the same.
 *
 * For people to look at, never for pay: who registers a model in two halves is worth more by them. Undefined without pairs.
 * 2ᵏ mixtures a pair; counts stay exact up to 2⁵² pairs.
 */
export function shapleyValues(
  weights: readonly number[],
  rows: Iterable<Pick<ContributionRow, 'parts'>>,
): Fraction[] | undefined {
  const mixtures = 2 ** weights.length;
  const worse = new Float64Array(mixtures);
  let pairs = 0;
  const margins = new Float64Array(mixtures);
  for (const { parts } of rows) {
    const { own, others } = parts.find((products) => products !== undefined) ?? { own: [], others: [] };
    pairs += own.length * others.length;
    for (const p of own.keys())
      for (const o of others.keys()) {
        // A mixture's margin is that of the mixture without its highest part, and that part's.
        for (const [index, products] of parts.entries()) {
          const margin = products === undefined ? 0 : weights[index]! * marginOf(products, p, o);
          for (let below = 0; below < 1 << index; below += 1)
            margins[(1 << index) + below] = margins[below]! + margin;
        }
        for (let mixture = 0; mixture < mixtures; mixture += 1)
          worse[mixture]! += margins[mixture]! < 0 ? 2 : margins[mixture] === 0 ? 1 : 0;
      }
  }
  if (pairs === 0) return undefined;
  const orders = factorial(weights.length);
  return weights.map((_, index) => {
    let gained = 0n;
    for (let mixture = 0; mixture < mixtures; mixture += 1) {
      if ((mixture & (1 << index)) !== 0) continue;
      const size = sizeOf(mixture);
      const sequences = factorial(size) * factorial(weights.length - 1 - size);
      gained += BigInt(sequences) * BigInt(worse[mixture]! - worse[mixture | (1 << index)]!);
    }
    return fraction(gained, BigInt(orders) * 2n * BigInt(pairs));
  });
}

function marginOf({ own, others }: DatumProducts, p: number, o: number): number {
  return own[p]! - others[o]!;
}

function factorial(count: number): number {
  return count < 2 ? 1 : count * factorial(count - 1);
}

function sizeOf(mixture: number): number {
  return mixture === 0 ? 0 : (mixture & 1) + sizeOf(mixture >> 1);
}
