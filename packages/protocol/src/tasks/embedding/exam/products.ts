import { type Fraction, fraction } from '../../../scoring/fraction.ts';
import { dot } from '../vector.ts';

/**
 * What a member's vectors say about one datum of an exam: exact products ⟨kept, entry⟩ in units of 1 / 32,767², at most 2³⁰ in
 * size. Members of any dimension can be added up, each with its weight: that is the product of their vectors side by side.
 */
export interface DatumProducts {
  /** With each of the datum's own pieces; one or more. */
  readonly own: readonly number[];
  /** With the entries that are not its own, near-duplicates left out; the same entries in the same order for every member. */
  readonly others: readonly number[];
}

/** Products of a kept part with its own pieces and with the other entries: int16 vectors of one dimension, of unit length or zero. */
export function productsOf(
  kept: Int16Array,
  pieces: readonly Int16Array[],
  others: readonly Int16Array[],
): DatumProducts {
  return { own: pieces.map((piece) => dot(kept, piece)), others: others.map((other) => dot(kept, other)) };
}

/** Vectors side by side: `Σ weight · products`. Whole weights keep it exact up to a sum of weights of 2²³. */
export function addProducts(
  parts: readonly { readonly products: DatumProducts; readonly weight: number }[],
): DatumProducts {
  const sum = (of: (products: DatumProducts) => readonly number[]): number[] => {
    const total = of(parts[0]!.products).map(() => 0);
    for (const { products, weight } of parts) {
      const values = of(products);
      for (let index = 0; index < total.length; index += 1) total[index]! += weight * values[index]!;
    }
    return total;
  };
  return { own: sum(({ own }) => own), others: sum(({ others }) => others) };
}

/** Share of pairs (own piece, other entry) in which the other is the nearer one, ties by half: 0 the best, ½ chance. */
export function examLoss(products: DatumProducts): Fraction {
  return fraction(worsePairs(products), 2 * products.own.length * products.others.length);
}

/** Twice the pairs in which the other entry is the nearer one, and the ties. */
export function worsePairs({ own, others }: DatumProducts): number {
  let worse = 0;
  for (const right of own)
    for (let index = 0; index < others.length; index += 1) {
      const wrong = others[index]!;
      worse += wrong > right ? 2 : wrong === right ? 1 : 0;
    }
  return worse;
}
