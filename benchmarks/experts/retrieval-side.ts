import { dot } from '../texts/retrieval.ts';
import type { RoutedText } from '../texts/text-set.ts';

/** What a stored rest is asked for with: the first half of its text, or the half's first eight words. */
export const questions = ['start', 'short'] as const;
export type QuestionKind = (typeof questions)[number];

/** Documents on one side of a split; the other side's fit the weights. */
export interface RetrievalSide {
  readonly kinds: readonly string[];
  readonly texts: readonly RoutedText[];
}

/** Products of each question with each stored rest, row by row; the right one is on the diagonal. */
export type Products = Readonly<Record<QuestionKind, Float32Array>>;

function questionOf(text: RoutedText, kind: QuestionKind): string {
  if (kind === 'start') return text.start;
  const words = text.start.split(/\s+/);
  return words.length > 3 ? words.slice(0, 8).join(' ') : [...text.start].slice(0, 16).join('');
}

export function textsOfSide({ texts }: RetrievalSide): string[] {
  return texts.flatMap((text) => [text.rest, ...questions.map((kind) => questionOf(text, kind))]);
}

export function productsOf({ texts }: RetrievalSide, vectorOf: (text: string) => Float32Array): Products {
  const stored = texts.map(({ rest }) => vectorOf(rest));
  const of = (kind: QuestionKind): Float32Array => {
    const products = new Float32Array(texts.length ** 2);
    for (const [row, text] of texts.entries()) {
      const question = vectorOf(questionOf(text, kind));
      for (const [column, vector] of stored.entries())
        products[row * texts.length + column] = dot(question, vector);
    }
    return products;
  };
  return { start: of('start'), short: of('short') };
}

/** The weighted sum: products of the vectors side by side. */
export function mixed(
  parts: readonly Products[],
  weights: readonly number[],
  kind: QuestionKind,
): Float32Array {
  const sum = new Float32Array(parts[0]![kind].length);
  for (const [part, weight] of weights.entries()) {
    if (weight === 0) continue;
    const products = parts[part]![kind];
    for (let place = 0; place < sum.length; place++) sum[place] = sum[place]! + weight * products[place]!;
  }
  return sum;
}

/** Reciprocal rank of the right one, question by question; those level with it count half. */
export function reciprocalRanksIn(products: Float32Array, count: number): number[] {
  return Array.from({ length: count }, (_, row) => {
    const right = products[row * count + row]!;
    let above = 0;
    for (let column = 0; column < count; column++) {
      const product = products[row * count + column]!;
      if (product > right) above += 1;
      else if (product === right && column !== row) above += 0.5;
    }
    return 1 / (1 + above);
  });
}

/** The mean of the kinds' means. */
export function meanOverKinds({ kinds, texts }: RetrievalSide, values: readonly number[]): number {
  const means = kinds.map((kind) => {
    const own = values.filter((_, index) => texts[index]!.kind === kind);
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}
