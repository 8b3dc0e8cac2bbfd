import { readCorpus, splitOf, wordsOf } from '@market-of-experts/training';
import { loadTextSet, type TextSetInit } from '../texts/text-set.ts';

/** A text that is stored by its rest and asked for with its start, or with the first eight words of that. */
export interface StoredText {
  readonly kind: string;
  readonly documentId: string;
  readonly start: string;
  readonly rest: string;
  readonly short: string;
}

/** A text that experts are examined on. */
export interface ExaminedText {
  readonly kind: string;
  readonly documentId: string;
  readonly text: string;
}

export interface EditionTexts {
  readonly kinds: readonly string[];
  readonly reported: readonly StoredText[];
  /** Every held-out text of the documents that nothing is reported on. */
  readonly examined: readonly ExaminedText[];
}

const shortWords = 8;

/** The reported texts are those that are measured; with `isSwapped` those of the other side. */
export function loadEditionTexts(init: TextSetInit, isSwapped: boolean): EditionTexts {
  const set = loadTextSet(init);
  const side = isSwapped ? set.history : set.measured;
  const documents = new Set(side.map(({ documentId }) => documentId));
  return {
    kinds: set.kinds,
    reported: side.map(({ kind, documentId, start, rest }) => ({
      kind,
      documentId,
      start,
      rest,
      short: firstWords(start),
    })),
    examined: readCorpus()
      .filter(
        (text) =>
          set.kinds.includes(text.kind) &&
          splitOf(text) === 'held-out' &&
          !documents.has(text.documentId) &&
          wordsOf(text.text).length >= 30,
      )
      .map(({ kind, documentId, text }) => ({ kind, documentId, text })),
  };
}

/** Eight words, or sixteen characters where a script has no blanks. */
function firstWords(text: string): string {
  const words = text.split(/\s+/);
  return words.length > 3
    ? words.slice(0, shortWords).join(' ')
    : [...text].slice(0, 2 * shortWords).join('');
}
