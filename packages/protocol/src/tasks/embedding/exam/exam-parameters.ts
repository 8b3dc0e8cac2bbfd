import type { z } from 'zod';
import { countSchema } from '../../../fields/numbers.ts';
import type { TaskTerms, TermRange } from '../../task.ts';

/** How texts are cut into questions, and what they are told apart from (docs/decisions/0030-exam-rules.md). */
export interface ExamParameters {
  /** Numbers by which the base encoder says where a text lies: for places and history. Experts answer in spaces of their own. */
  readonly dimensions: number;
  /** Entries of the first list; a batch with fewer texts is filled up from the reserve. */
  readonly batchTexts: number;
  /** Reserve texts of which the second list holds one piece, on top of those that fill the batch up. */
  readonly reserveTexts: number;
  /** Fewer words than this cannot be cut: the text is served without an exam. */
  readonly minimumWords: number;
  /** Hidden pieces of a text at most, 4 or fewer. */
  readonly pieces: number;
  /** Words of every piece: all are as long, so that length tells nothing. */
  readonly pieceWords: number;
  /** Words of a kept part at most. */
  readonly keptWords: number;
  /** Words of a kept part that is a short span. */
  readonly spanWords: number;
  /** Weights of the questions in the market's mix; 0 for one that is not asked. */
  readonly mixAlternating: number;
  readonly mixSpan: number;
  readonly mixStart: number;
  readonly mixTitle: number;
}

export const examParametersShape = {
  dimensions: countSchema,
  batchTexts: countSchema,
  reserveTexts: countSchema,
  minimumWords: countSchema,
  pieces: countSchema,
  pieceWords: countSchema,
  keptWords: countSchema,
  spanWords: countSchema,
  mixAlternating: countSchema,
  mixSpan: countSchema,
  mixStart: countSchema,
  mixTitle: countSchema,
} satisfies Record<keyof ExamParameters, z.ZodType<number>>;

export const defaultExamParameters: ExamParameters = {
  dimensions: 384,
  batchTexts: 12,
  reserveTexts: 12,
  minimumWords: 20,
  pieces: 4,
  pieceWords: 10,
  keptWords: 24,
  spanWords: 8,
  mixAlternating: 3,
  mixSpan: 1,
  mixStart: 1,
  mixTitle: 1,
};

type ExamTerms = TaskTerms<ExamParameters>;

function range(
  name: Exclude<keyof ExamParameters, 'dimensions'>,
  least: number,
  most: number,
  because: string,
): TermRange<ExamTerms> {
  return { name: `parameters.${name}`, of: ({ parameters }) => parameters[name], least, most, because };
}

/** `parameters.dimensions` is that of the space, whose bounds are the market's. */
export const examRanges: readonly TermRange<ExamTerms>[] = [
  range('batchTexts', 2, 12, 'a text is told apart from others, and a certificate has room for 12'),
  range('reserveTexts', 0, 64, 'each is one more text that every member embeds'),
  range('minimumWords', 8, 1_000, 'fewer words cannot be cut into a kept part and a piece'),
  range('pieces', 1, 4, 'each is one more text that every member embeds'),
  range('pieceWords', 4, 64, 'fewer words say nothing, more are not a piece'),
  range('keptWords', 4, 512, 'fewer words say nothing, more are not read by small encoders'),
  range('spanWords', 2, 64, 'one word is no span'),
  range('mixAlternating', 0, 1_000, 'it is a weight'),
  range('mixSpan', 0, 1_000, 'it is a weight'),
  range('mixStart', 0, 1_000, 'it is a weight'),
  range('mixTitle', 0, 1_000, 'it is a weight'),
];

/** What does not fit together, in a sentence that says what would do. */
export function problemOfExamTerms({ parameters, space }: ExamTerms): string | undefined {
  if (parameters.dimensions !== space.dimensions)
    return `parameters.dimensions is ${parameters.dimensions} and space.dimensions is ${space.dimensions}: they must be the same.`;
  const { maximumTextBytes, minimumWords, pieceWords, keptWords, spanWords } = parameters;
  if (minimumWords < 2 * pieceWords)
    return `A text of ${minimumWords} words has no kept part and a piece of ${pieceWords}: minimumWords must be ${2 * pieceWords} or more.`;
  if (spanWords > keptWords || spanWords > minimumWords - pieceWords)
    return `A span of ${spanWords} words does not fit keptWords ${keptWords} or leaves no piece of ${minimumWords}: spanWords must be ${Math.min(keptWords, minimumWords - pieceWords)} or fewer.`;
  if (parameters.mixAlternating + parameters.mixSpan + parameters.mixStart === 0)
    return 'Not every text has a title: mixAlternating, mixSpan or mixStart must be above 0.';
  // A word is a letter and a space at least.
  if (maximumTextBytes < 2 * minimumWords)
    return `No text of ${minimumWords} words fits ${maximumTextBytes} bytes: raise maximumTextBytes or lower minimumWords.`;
  return undefined;
}
