import type { ExamWord } from './exam-words.ts';
import type { Segment } from './segments.ts';

const leastTitleWords = 2;
const mostTitleWords = 16;
/** A comment is looked for in so many characters. */
const mostComment = 4_096;
const comment =
  /^\s*(?:\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|"""[\s\S]*?"""|'''[\s\S]*?'''|(?:\/\/[^\n]*\n\s*)+|(?:#[^\n]*\n\s*)+)/u;

/**
 * Words of what stands above a text and says what it is about: a comment that it begins with, or a first line of 2 to 16 words.
 * Undefined where there is none. The text has words.
 */
export function titleOf(text: string, words: readonly ExamWord[]): Segment | undefined {
  const ofComment = comment.exec(text.slice(0, mostComment))?.[0].length ?? 0;
  const inComment = words.findIndex(({ start }) => start >= ofComment);
  if (inComment >= leastTitleWords) return { from: 0, to: inComment };
  const begin = words[0]!.start;
  const lineLength = text.slice(begin).search(/[\n\r]/u);
  const inLine = words.findIndex(({ start }) => start >= begin + lineLength);
  if (lineLength < 0 || inLine < leastTitleWords || inLine > mostTitleWords) return undefined;
  return { from: 0, to: inLine };
}
