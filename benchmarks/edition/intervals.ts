import { drawStream } from '@market-of-experts/protocol';
import { kindsOf } from './delivery.ts';
import type { StoredText } from './edition-texts.ts';

export interface Interval {
  readonly mean: number;
  /** 2.5 % and 97.5 %. */
  readonly low: number;
  readonly high: number;
}

const resamples = 2_000;

/** Mean over kinds of paired differences; documents are drawn anew within kinds. */
export function differenceInterval(
  texts: readonly StoredText[],
  better: readonly number[],
  other: readonly number[],
): Interval {
  const kinds = [...kindsOf(texts)].map((kind) => documentSums(texts, better, other, kind));
  return bootstrap((draw) => {
    const each = kinds.map((documents) => {
      const { a, b, count } = totalOf(draw(documents));
      return (a - b) / count;
    });
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  });
}

/** `better / other − 1` of one kind's means. */
export function ratioInterval(
  texts: readonly StoredText[],
  better: readonly number[],
  other: readonly number[],
  kind: string,
): Interval {
  const documents = documentSums(texts, better, other, kind);
  return bootstrap((draw) => {
    const { a, b } = totalOf(draw(documents));
    return a / b - 1;
  });
}

interface DocumentSum {
  readonly a: number;
  readonly b: number;
  readonly count: number;
}

function documentSums(
  texts: readonly StoredText[],
  better: readonly number[],
  other: readonly number[],
  kind: string,
): readonly DocumentSum[] {
  const rows = [...texts.keys()].filter((index) => texts[index]!.kind === kind);
  return [...Map.groupBy(rows, (index) => texts[index]!.documentId).values()].map((own) =>
    totalOf(own.map((index) => ({ a: better[index]!, b: other[index]!, count: 1 }))),
  );
}

function totalOf(sums: readonly DocumentSum[]): DocumentSum {
  let [a, b, count] = [0, 0, 0];
  for (const sum of sums) {
    a += sum.a;
    b += sum.b;
    count += sum.count;
  }
  return { a, b, count };
}

function bootstrap(statistic: (draw: <T>(list: readonly T[]) => readonly T[]) => number): Interval {
  const stream = drawStream('edition/bootstrap', 'documents');
  const drawn = Array.from({ length: resamples }, () =>
    statistic((list) => list.map(() => list[stream.below(list.length)]!)),
  ).sort((a, b) => a - b);
  return {
    mean: statistic((list) => list),
    low: drawn[Math.floor(0.025 * resamples)]!,
    high: drawn[Math.floor(0.975 * resamples)]!,
  };
}
