import { type CorpusText, readCorpus } from '@market-of-experts/training';
import { evenly } from '../scoring/exam-set.ts';
import { examOf, type LabelledQuestion } from './question.ts';

const sources = ['electron', 'node-red', 'scratch'] as const;
const isEnglish = ({ kind }: CorpusText): boolean => kind === 'software' || kind === 'website';

/**
 * Paragraphs of documentation in five languages, and the English of the same document among that of all. Names and terms are the
 * same in all languages, sentences are not.
 */
export function translationQuestion(perLanguage: number, english: number): LabelledQuestion {
  const texts = readCorpus(sources);
  const candidates = evenly(texts.filter(isEnglish), english);
  const places = Map.groupBy(candidates.keys(), (place) => groupOf(candidates[place]!));
  const translated = texts.filter((text) => !isEnglish(text) && places.has(groupOf(text)));
  const queries = [...Map.groupBy(translated, ({ kind }) => kind).values()].flatMap((language) =>
    evenly(language, perLanguage),
  );
  return {
    question: 'other language → English',
    queries: queries.map(({ text, documentId }) => ({ text, documentId })),
    candidates: candidates.map(({ text }) => text),
    right: queries.map((query) => places.get(groupOf(query))!),
    exam: examOf(queries),
  };
}

const groupOf = ({ source, group }: CorpusText): string => `${source}/${group}`;
