import { addProducts, type DatumProducts, worsePairs } from '../exam/products.ts';

/** What certified exams say about one datum: all that the choice of an edition looks at. */
export interface ExamRow {
  readonly client: string;
  /** Data of one document go together: they say less than as many of different ones. */
  readonly document: string;
  /** In the market's space; undefined where it has none. */
  readonly place?: number;
  /** What the client paid to others than itself. */
  readonly feeMicro: bigint;
  /** Of every expert that was examined; who is not here was absent, and says nothing: zero products. */
  readonly products: ReadonlyMap<string, DatumProducts>;
  /** Of a predictor that sees only the form of a text (length, case, stops): what an expert must add to. */
  readonly shallow?: DatumProducts;
}

/** Experts with their weights in halves, above 0. */
export type Weights = ReadonlyMap<string, number>;

/** Loss of 1 in the units in which losses are compared. */
export const lossUnit = 2 ** 30;

/** Products of a mixture for one datum: those of its present experts side by side; undefined where all are absent. */
export function mixtureProducts(row: ExamRow, weights: Weights): DatumProducts | undefined {
  const parts = [...weights].flatMap(([expert, weight]) => {
    const products = row.products.get(expert);
    return products === undefined ? [] : [{ products, weight }];
  });
  return parts.length === 0 ? undefined : addProducts(parts);
}

/** With one expert's products beside them, which may be absent. */
export function beside(
  mixture: DatumProducts | undefined,
  products: DatumProducts | undefined,
  weight: number,
): DatumProducts | undefined {
  if (products === undefined || weight === 0) return mixture;
  return addProducts([
    ...(mixture === undefined ? [] : [{ products: mixture, weight: 1 }]),
    { products, weight },
  ]);
}

/** In whole {@link lossUnit}s, rounded down; ½ where nobody was present. */
export function lossOfProducts(products: DatumProducts | undefined): number {
  if (products === undefined) return lossUnit / 2;
  return Math.floor((worsePairs(products) * lossUnit) / (2 * products.own.length * products.others.length));
}

export function mixtureLoss(row: ExamRow, weights: Weights): number {
  return lossOfProducts(mixtureProducts(row, weights));
}
