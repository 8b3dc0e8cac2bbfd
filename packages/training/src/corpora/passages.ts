import { areNearDuplicates, type Shingles, shinglesOf } from '@market-of-experts/protocol';
import { examWords } from '@market-of-experts/protocol/tasks/embedding/exam/exam-words';

/** Words of a passage, as exams count them: about as many as kept part and pieces have together. */
const leastWords = 60;
const mostPassageWords = 120;
/** What exams can cut: shorter ends of a document are no passage. */
export const leastPassageWords = 20;

/**
 * Passages of the paragraphs of one document, each of one or more whole ones that follow one another, 60 to 120 words where these allow it. A
 * longer paragraph is cut at sentences where it has some; what is left with fewer than 20 words is dropped.
 */
export function passagesOf(paragraphs: readonly string[]): string[] {
  const passages: string[] = [];
  let held: string[] = [];
  let heldWords = 0;
  const flush = (): void => {
    if (heldWords >= leastPassageWords) passages.push(held.join('\n'));
    held = [];
    heldWords = 0;
  };
  for (const part of paragraphs.flatMap(partsOf)) {
    const count = examWords(part).length;
    if (heldWords + count > mostPassageWords) flush();
    held.push(part);
    heldWords += count;
    if (heldWords >= leastWords) flush();
  }
  flush();
  return passages;
}

/** A paragraph of no more than the most words, or its sentences joined to as much; a sentence that is longer is cut between words. */
function partsOf(paragraph: string): string[] {
  const words = examWords(paragraph);
  if (words.length <= mostPassageWords) return [paragraph.trim()].filter((text) => text !== '');
  const parts: string[] = [];
  let first = 0;
  while (first < words.length) {
    let end = Math.min(words.length, first + mostPassageWords);
    for (let place = end; end < words.length && place > first + leastWords; place -= 1)
      if (words[place]!.breakBefore === 'sentence') {
        end = place;
        break;
      }
    parts.push(paragraph.slice(words[first]!.start, words[end]?.start ?? paragraph.length).trim());
    first = end;
  }
  return parts;
}

/** Texts that are not near-duplicates of one another by the rules of exams. */
export interface UnlikeTexts {
  /** Whether it is none of a text that was taken before; then it is taken. */
  take(text: string): boolean;
}

/** By an index of shingles: a text is compared only with those that share one with it. */
export function unlikeTexts(): UnlikeTexts {
  const taken: Shingles[] = [];
  const holders = new Map<string, number[]>();
  return {
    take(text) {
      const shingles = shinglesOf(text);
      const others = new Set<number>();
      for (const shingle of shingles) for (const other of holders.get(shingle) ?? []) others.add(other);
      for (const other of others) if (areNearDuplicates(taken[other]!, shingles)) return false;
      for (const shingle of shingles) {
        const known = holders.get(shingle);
        if (known === undefined) holders.set(shingle, [taken.length]);
        else known.push(taken.length);
      }
      taken.push(shingles);
      return true;
    },
  };
}
