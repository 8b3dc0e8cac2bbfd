import { wordsOf } from '@market-of-experts/training';
import { evenly, loadExamSet } from '../scoring/exam-set.ts';
import type { LabelledQuestion } from './question.ts';

const shortWords = 8;
const paragraphs = 1_100;

/** Held-out paragraphs of eleven kinds, those of `loss-validity`: the first half, or the first eight words, and what follows. */
export function paragraphQuestions(count: number): LabelledQuestion[] {
  const exam = loadExamSet(paragraphs);
  const asked = evenly(exam.texts, count);
  const split = (question: string, placeOf: (words: number) => number): LabelledQuestion => {
    const halves = asked.map(({ text, documentId }) => {
      const words = wordsOf(text);
      const place = placeOf(words.length);
      return {
        documentId,
        text: words.slice(0, place).join('').trim(),
        rest: words.slice(place).join('').trim(),
      };
    });
    return {
      question,
      queries: halves,
      candidates: halves.map(({ rest }) => rest),
      right: halves.map((_, index) => [index]),
      exam,
    };
  };
  return [split('start → rest', (words) => Math.floor(words / 2)), split('short → rest', () => shortWords)];
}
