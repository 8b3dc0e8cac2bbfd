import { drawStream } from '@market-of-experts/protocol';
import type { ExamDatum } from './exam-batches.ts';

/** Every other document for choosing, the others for reporting. */
export function splitByDocument(data: readonly ExamDatum[]): {
  readonly tuning: readonly ExamDatum[];
  readonly reporting: readonly ExamDatum[];
} {
  const documents = [...new Set(data.map(({ text }) => text.documentId))].sort();
  const isTuning = new Set(documents.filter((_, index) => index % 2 === 0));
  return {
    tuning: data.filter(({ text }) => isTuning.has(text.documentId)),
    reporting: data.filter(({ text }) => !isTuning.has(text.documentId)),
  };
}

export type Interval = readonly [low: number, high: number];

/** 95 % interval of a figure of some rows when documents are drawn again, with `resamples` draws. */
export function intervalByDocument<Row>(
  rows: readonly Row[],
  documentOf: (row: Row) => string,
  figure: (rows: readonly Row[]) => number,
  resamples = 200,
): Interval {
  const documents = [...Map.groupBy(rows, documentOf).values()];
  const stream = drawStream('documents', 'bootstrap');
  const figures = Array.from({ length: resamples }, () =>
    figure(documents.flatMap(() => documents[stream.below(documents.length)]!)),
  ).sort((a, b) => a - b);
  const at = (share: number): number => figures[Math.round(share * (resamples - 1))]!;
  return [at(0.025), at(0.975)];
}
