import type { ExamWord } from './exam-words.ts';

/** Words [from, to) of a text. */
export interface Segment {
  readonly from: number;
  readonly to: number;
}

/** Fewer words than this are no segment of their own. */
const leastWords = 3;

/**
 * The words [from, to) as an alternation takes them, finest last: sentences; clauses; runs of words; two halves. Each later one
 * serves texts in which the one before leaves too little on one side.
 */
export function segmentations(words: readonly ExamWord[], { from, to }: Segment): readonly Segment[][] {
  const sentences = joined(from, to, (index) => words[index]!.breakBefore === 'sentence');
  const clauses = joined(from, to, (index) => words[index]!.breakBefore !== 'none');
  const run = Math.max(leastWords, Math.ceil((to - from) / 8));
  const runs = joined(from, to, (index) => (index - from) % run === 0);
  const middle = from + Math.floor((to - from) / 2);
  return [sentences, clauses, runs, joined(from, to, (index) => index === middle)];
}

function joined(from: number, to: number, isBreak: (index: number) => boolean): Segment[] {
  const starts = [from];
  for (let index = from + leastWords; index <= to - leastWords; index += 1)
    if (isBreak(index) && index - starts.at(-1)! >= leastWords) starts.push(index);
  return starts.map((start, place) => ({ from: start, to: starts[place + 1] ?? to }));
}
