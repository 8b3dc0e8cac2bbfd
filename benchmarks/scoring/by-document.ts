import { drawStream } from '@market-of-experts/protocol';
import { spearman } from '@market-of-experts/simulation';

const resamples = 1_000;

/** A figure with the interval that holds 95 % of resamples by document. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A value of every encoder for some texts: `ofEncoder[e][i]` of text i, which is of document `documents[i]`. */
export interface ByText {
  readonly documents: readonly string[];
  readonly ofEncoder: readonly (readonly number[])[];
}

/**
 * Rank correlation over encoders between lower losses and higher usefulness, each the mean over its texts. Texts of one document hang
 * together: whole documents are drawn again, the same ones on both sides.
 */
export function agreementOf(losses: ByText, usefulness: ByText): Interval {
  const names = [...new Set([...losses.documents, ...usefulness.documents])];
  const loss = sumsByDocument(losses, names);
  const useful = sumsByDocument(usefulness, names);
  const correlate = (times: Float64Array): number => -spearman(meansOf(loss, times), meansOf(useful, times));
  const stream = drawStream('by-document', 'resample');
  const drawn = Array.from({ length: resamples }, () => {
    const times = new Float64Array(names.length);
    for (let draw = 0; draw < names.length; draw += 1) times[stream.below(names.length)]! += 1;
    return correlate(times);
  }).sort((a, b) => a - b);
  return {
    value: correlate(new Float64Array(names.length).fill(1)),
    low: drawn[Math.floor(0.025 * resamples)]!,
    high: drawn[Math.ceil(0.975 * resamples) - 1]!,
  };
}

interface DocumentSums {
  /** Of each encoder, for each document. */
  readonly sums: readonly Float64Array[];
  readonly counts: Float64Array;
}

function sumsByDocument({ documents, ofEncoder }: ByText, names: readonly string[]): DocumentSums {
  const places = new Map(names.map((name, place) => [name, place]));
  const counts = new Float64Array(names.length);
  for (const name of documents) counts[places.get(name)!]! += 1;
  const sums = ofEncoder.map((values) => {
    const sum = new Float64Array(names.length);
    for (const [index, value] of values.entries()) sum[places.get(documents[index]!)!]! += value;
    return sum;
  });
  return { sums, counts };
}

function meansOf({ sums, counts }: DocumentSums, times: Float64Array): number[] {
  const total = counts.reduce((sum, count, place) => sum + count * times[place]!, 0);
  return sums.map((values) => values.reduce((sum, value, place) => sum + value * times[place]!, 0) / total);
}
