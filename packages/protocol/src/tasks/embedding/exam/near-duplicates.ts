import { examWords } from './exam-words.ts';
import { plainText } from './plain-text.ts';

/** A shingle is so many words in a row, and more until it has so many characters: five where a word is one or two of them. */
const shingleWords = 3;
const shingleCharacters = 5;
/** Of a longer text the first ones count, so that a comparison takes bounded time. */
const mostShingles = 8_192;

/** At least so much of the smaller text's shingles in common. */
const overlapNumerator = 3;
const overlapDenominator = 10;

/** Different shingles of a text: what it is compared by. */
export type Shingles = ReadonlySet<string>;

/**
 * Shingles of texts that belong together, such as a kept part and its pieces; none runs across the end of a text. A text too short
 * for one is one itself.
 */
export function shinglesOf(...texts: readonly string[]): Shingles {
  const shingles = new Set<string>();
  for (const text of texts) {
    const plain = plainText(text);
    const words = shingleTokens(plain);
    let added = 0;
    for (let start = 0; start < words.length && start < mostShingles; start += 1) {
      let end = start + shingleWords;
      let shingle = words.slice(start, end).join(' ');
      while (end < words.length && shingle.replaceAll(' ', '').length < shingleCharacters) {
        shingle += ` ${words[end]}`;
        end += 1;
      }
      if (end > words.length) break;
      shingles.add(shingle);
      added += 1;
    }
    if (added === 0) shingles.add(plain);
  }
  return shingles;
}

/** Words; characters one by one where no spaces stand between words, since two cuts divide those differently. */
function shingleTokens(plain: string): string[] {
  return examWords(plain).flatMap(({ start, end, isUnspaced }) =>
    isUnspaced ? [...plain.slice(start, end)] : [plain.slice(start, end)],
  );
}

/** Whether two texts share 30 % of the smaller one's shingles: then neither may be a wrong answer for the other. Exact. */
export function areNearDuplicates(a: Shingles, b: Shingles): boolean {
  const [smaller, larger] = a.size <= b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const shingle of smaller) if (larger.has(shingle)) shared += 1;
  return shared * overlapDenominator >= smaller.size * overlapNumerator;
}
