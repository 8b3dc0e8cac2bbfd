import { wordsOf } from '@market-of-experts/protocol';
import { evaluationParagraphs, type TextKind } from '@market-of-experts/training';

/** A paragraph cut for an exam. Numbers are places in {@link ExamTexts.texts}. */
export interface ExamText {
  readonly kind: TextKind;
  readonly documentId: string;
  readonly whole: string;
  readonly kept: number;
  readonly pieces: readonly number[];
}

/** Kept parts and pieces, each once, and the paragraphs that they come from. */
export interface ExamTexts {
  readonly texts: readonly string[];
  readonly data: readonly ExamText[];
}

const pieceWords = 10;
const mostPieces = 4;
const leastWordsOfSentence = 3;
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** `paragraphs` held-out paragraphs, four or more a document, kinds in balance, each cut once. */
export function loadExamTexts(paragraphs: number): ExamTexts {
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, places.size);
    return places.size - 1;
  };
  const data = evaluationParagraphs({ limit: paragraphs }).map(({ kind, documentId, text }, index) => {
    const { kept, pieces } = alternate(text, index % 2);
    return {
      kind,
      documentId,
      whole: text,
      kept: placeOf(kept),
      pieces: pieces.map(placeOf),
    };
  });
  return { texts: [...places.keys()], data };
}

/** Every other sentence is kept, from the first or the second on; the others are pieces of at most ten words. */
function alternate(
  text: string,
  first: number,
): { readonly kept: string; readonly pieces: readonly string[] } {
  const sentences = sentencesOf(text);
  const parts = sentences.length < 2 ? halvesOf(text) : sentences;
  const isKept = (_: string, index: number): boolean => index % 2 === first;
  return {
    kept: parts.filter(isKept).join('').trim(),
    pieces: parts
      .filter((part, index) => !isKept(part, index))
      .slice(0, mostPieces)
      .map((part) => wordsOf(part).slice(0, pieceWords).join('').trim() || part.trim()),
  };
}

function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  for (const { segment } of segmenter.segment(text))
    if (sentences.length > 0 && wordsOf(segment).length < leastWordsOfSentence)
      sentences.push(`${sentences.pop()!}${segment}`);
    else sentences.push(segment);
  return sentences;
}

function halvesOf(text: string): string[] {
  const words = wordsOf(text);
  const middle = words.length >> 1;
  return [words.slice(0, middle).join(''), words.slice(middle).join('')];
}
