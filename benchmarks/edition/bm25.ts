import { wordsOf } from '@market-of-experts/training';
import type { Ranked } from './delivery.ts';
import type { StoredText } from './edition-texts.ts';

const saturation = 1.2;
const lengthShare = 0.75;
const letters = /[\p{L}\p{N}]+/gu;

/** Okapi BM25 over the stored rests, k₁ = 1.2 and b = 0.75: what a full-text index finds. */
export function rankBm25(texts: readonly StoredText[]): Ranked {
  const documents = texts.map(({ rest }) => countsOf(rest));
  const lengths = documents.map((counts) => [...counts.values()].reduce((sum, count) => sum + count, 0));
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const frequency = new Map<string, number>();
  for (const counts of documents)
    for (const word of counts.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const idf = (word: string): number => {
    const found = frequency.get(word) ?? 0;
    return Math.log(1 + (texts.length - found + 0.5) / (found + 0.5));
  };
  const score = (words: ReadonlySet<string>, document: number): number => {
    let sum = 0;
    for (const word of words) {
      const count = documents[document]!.get(word) ?? 0;
      const length = 1 - lengthShare + (lengthShare * lengths[document]!) / meanLength;
      sum += (idf(word) * count * (saturation + 1)) / (count + saturation * length);
    }
    return sum;
  };
  const ranks = (questions: readonly string[]): number[] =>
    questions.map((question, right) => {
      const words = new Set(countsOf(question).keys());
      const scores = documents.map((_, document) => score(words, document));
      const above = scores.filter((value) => value > scores[right]!).length;
      const level = scores.filter((value) => value === scores[right]!).length - 1;
      return 1 / (1 + above + level / 2);
    });
  return { start: ranks(texts.map(({ start }) => start)), short: ranks(texts.map(({ short }) => short)) };
}

function countsOf(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const part of wordsOf(text))
    for (const [word] of part.toLowerCase().matchAll(letters)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
