import { addProducts, type DatumProducts, examLoss } from '../exam/products.ts';

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

/** Loss of a mixture for one datum, in whole {@link lossUnit}s: that of its present experts side by side, ½ where all are absent. */
export function mixtureLoss(row: ExamRow, weights: Weights, shallowWeight = 0): number {
  const parts = [...weights].flatMap(([expert, weight]) => {
    const products = row.products.get(expert);
    return products === undefined ? [] : [{ products, weight }];
  });
  if (row.shallow !== undefined && shallowWeight > 0)
    parts.push({ products: row.shallow, weight: shallowWeight });
  if (parts.length === 0) return lossUnit / 2;
  const { numerator, denominator } = examLoss(addProducts(parts));
  return Number((numerator * BigInt(lossUnit)) / denominator);
}
