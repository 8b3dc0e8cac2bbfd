import { readCorpus } from '@market-of-experts/training';
import { evenly } from '../scoring/exam-set.ts';
import { type LabelledQuestion, questionOfPairs, words } from './question.ts';

const comment = /^\s*\/\*\*?([\s\S]*?)\*\/\s*([\s\S]+)$/u;
const leastWords = 4;

/** Functions of packages in JavaScript: the comment above, and the code. */
export function codeQuestion(count: number): LabelledQuestion {
  const pairs = readCorpus(['code']).flatMap(({ kind, documentId, text }) => {
    const [, above, code] = comment.exec(text) ?? [];
    if (above === undefined || code === undefined) return [];
    const query = above
      .replace(/^\s*\*/gmu, ' ')
      .replace(/\s+/gu, ' ')
      .trim();
    if (words(query).length < leastWords || words(code).length < leastWords) return [];
    return [{ kind, documentId, text, query, answer: code }];
  });
  return questionOfPairs('comment → code', evenly(pairs, count));
}
