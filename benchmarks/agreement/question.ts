import { defaultExamParameters } from '@market-of-experts/protocol';
import { cutAll, type ExamSet, type UncutText } from '../scoring/exam-set.ts';

/** Something that users of embeddings ask, with known answers. */
export interface LabelledQuestion {
  /** As in "start → rest". */
  readonly question: string;
  readonly queries: readonly { readonly text: string; readonly documentId: string }[];
  /** Texts among which the answer is looked for. */
  readonly candidates: readonly string[];
  /** Places of a query's right answers among the candidates; one or more. */
  readonly right: readonly (readonly number[])[];
  /** Texts of the same area, on which the exam's loss is measured. */
  readonly exam: ExamSet;
}

/** A query with its one answer, and the text that both are of. */
export interface LabelledPair extends UncutText {
  readonly query: string;
  readonly answer: string;
}

/** Texts of an area, cut by the market's mix. They fill up one another's batches: there is no reserve. */
export function examOf(texts: readonly UncutText[]): ExamSet {
  return { texts: cutAll(texts, 'agreement', defaultExamParameters), reserve: [] };
}

/** Every answer stands among the answers of all. */
export function questionOfPairs(question: string, pairs: readonly LabelledPair[]): LabelledQuestion {
  return {
    question,
    queries: pairs.map(({ query, documentId }) => ({ text: query, documentId })),
    candidates: pairs.map(({ answer }) => answer),
    right: pairs.map((_, index) => [index]),
    exam: examOf(pairs),
  };
}

export function words(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}
