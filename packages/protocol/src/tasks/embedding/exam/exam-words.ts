/** A word of a text that is cut: UTF-16 offsets, and how the text breaks off before the word. */
export interface ExamWord {
  readonly start: number;
  readonly end: number;
  /** What lies between it and the word before: a line ends a sentence too. 'none' for the first. */
  readonly breakBefore: 'none' | 'clause' | 'sentence';
  /** Of a script that puts no space between words. */
  readonly isUnspaced: boolean;
}

/** Scripts that put no space between words: two characters count as a word, of the last four five letters. */
const pairs = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー';
const fives = '\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
/** No word is longer than 24 characters: a text without spaces is cut as well. */
const wordPattern = new RegExp(
  `((?:[${pairs}]\\p{M}{0,3}){1,2}|(?:[${fives}]\\p{M}{0,3}){1,5})|(?:(?![${pairs}${fives}])[\\p{L}\\p{M}\\p{N}]){1,24}`,
  'gu',
);

const sentenceEnd = /[.!?…][^\p{L}\p{N}]*\s|[。！？｡।؟۔\n\r]/u;
const clauseEnd = /[,;:)\]}—–-]\s|[、，；：{}]|\s[([—–-]/u;

/**
 * Words by rules of our own and not those of a library of the machine: two nodes must cut alike. Takes time in proportion to the
 * text, whatever it holds.
 */
export function examWords(text: string): readonly ExamWord[] {
  const words: ExamWord[] = [];
  let end = 0;
  for (const match of text.matchAll(wordPattern)) {
    const start = match.index;
    const breakBefore = breakOf(text.slice(end, start), words.length);
    end = start + match[0].length;
    words.push({ start, end, breakBefore, isUnspaced: match[1] !== undefined });
  }
  return words;
}

/** More of what lies between two words is not looked at: patterns over it take more than linear time. */
const mostGap = 64;

function breakOf(gap: string, wordsBefore: number): ExamWord['breakBefore'] {
  if (wordsBefore === 0 || gap === '' || gap === ' ') return 'none';
  const seen = gap.slice(0, mostGap);
  if (sentenceEnd.test(seen)) return 'sentence';
  return clauseEnd.test(seen) ? 'clause' : 'none';
}

/** Whether the text has so many words; stops at the last one needed. */
export function hasExamWords(text: string, count: number): boolean {
  let seen = 0;
  for (const _ of text.matchAll(wordPattern)) {
    seen += 1;
    if (seen === count) return true;
  }
  return false;
}
