import type { RetrievalSide } from './retrieval-side.ts';

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const draws = 1_000;

/** Mean of the values over kinds, with what 95 % of draws of documents within their kinds give. */
export function intervalByDocument({ kinds, texts }: RetrievalSide, values: readonly number[]): Interval {
  const documents = kinds.map((kind) => {
    const indices = [...texts.keys()].filter((index) => texts[index]!.kind === kind);
    return [...Map.groupBy(indices, (index) => texts[index]!.documentId).values()].map((of) => ({
      sum: of.reduce((sum, index) => sum + values[index]!, 0),
      count: of.length,
    }));
  });
  const meanOf = (chosen: typeof documents): number =>
    chosen.reduce(
      (sum, of) =>
        sum + of.reduce((all, each) => all + each.sum, 0) / of.reduce((all, each) => all + each.count, 0),
      0,
    ) / chosen.length;
  const random = numbers();
  const drawn = Array.from({ length: draws }, () =>
    meanOf(documents.map((of) => of.map(() => of[Math.floor(random() * of.length)]!))),
  ).sort((left, right) => left - right);
  return {
    mean: meanOf(documents),
    low: drawn[Math.floor(draws * 0.025)]!,
    high: drawn[Math.floor(draws * 0.975)]!,
  };
}

/** Numbers from 0 to 1, always the same (a linear congruential generator: Numerical Recipes). */
function numbers(): () => number {
  let state = 5;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
