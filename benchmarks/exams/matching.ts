import { defaultExamParameters, dot } from '@market-of-experts/protocol';
import type { ExamBatch } from './exam-batches.ts';
import type { ExamEncoder } from './exam-encoders.ts';

/** Cosines of rows with columns. */
export type Matrix = readonly (readonly number[])[];

const rounds = 60;
const one = 32_767 ** 2;

export const cosine = (a: Int16Array, b: Int16Array): number => dot(a, b) / one;

/** Cosines of the first list's entries with those of the second. */
export function similarities({ vectors }: ExamEncoder, batch: ExamBatch): Matrix {
  return batch.first.map((kept) => batch.second.map((entry) => cosine(vectors[kept]!, vectors[entry]!)));
}

/**
 * Joint matching: for every entry the chance that it belongs to each kept part, or to none, when every kept part has about as many
 * (Sinkhorn). Rows as given, without that for none.
 */
export function jointMatching(scores: Matrix, temperature: number): Matrix {
  const columns = scores[0]!.length;
  const best = scores[0]!.map((_, column) => Math.max(...scores.map((row) => row[column]!)));
  const none = [...best].sort((a, b) => a - b)[Math.floor(columns / 2)]!;
  const rows = [...scores, scores[0]!.map(() => none)];
  const own = Math.max(1, columns - defaultExamParameters.reserveTexts) / scores.length;
  const capacity = rows.map((_, row) =>
    row < scores.length ? own : Math.max(0.5, columns - own * scores.length),
  );
  const top = Math.max(...best);
  let chances = rows.map((row) => row.map((score) => Math.exp((score - top) / temperature)));
  for (let round = 0; round < rounds; round += 1) {
    chances = chances.map((row, index) => {
      const sum = row.reduce((a, b) => a + b, 0) || 1;
      return row.map((value) => (value * capacity[index]!) / sum);
    });
    const sums = chances[0]!.map((_, column) => chances.reduce((sum, row) => sum + row[column]!, 0) || 1);
    chances = chances.map((row) => row.map((value, column) => value / sums[column]!));
  }
  return chances.slice(0, -1);
}
