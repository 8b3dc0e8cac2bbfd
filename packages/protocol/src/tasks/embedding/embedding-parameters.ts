import type { z } from 'zod';
import { countSchema } from '../../fields/numbers.ts';
import type { TaskTerms, TermRange } from '../task.ts';

/** How texts are cut, and told apart from others. */
export interface EmbeddingParameters {
  /** Dimension of the shared embedding space. */
  readonly dimensions: number;
  /** Fewer words than this cannot be masked: served in routed mode. */
  readonly minimumWords: number;
  /** Pieces of the hidden half, at most 4. */
  readonly pieces: number;
  /** Words of a hidden piece, about as many as a calibration piece has. */
  readonly pieceWords: number;
  /** Hard distractors for each piece. */
  readonly distractors: number;
  /** Calibration pieces drawn for a job, from which the distractors are chosen. */
  readonly distractorPool: number;
}

export const embeddingParametersShape = {
  dimensions: countSchema,
  minimumWords: countSchema,
  pieces: countSchema,
  pieceWords: countSchema,
  distractors: countSchema,
  distractorPool: countSchema,
} satisfies Record<keyof EmbeddingParameters, z.ZodType<number>>;

export const defaultEmbeddingParameters: EmbeddingParameters = {
  dimensions: 384,
  minimumWords: 12,
  pieces: 4,
  pieceWords: 12,
  distractors: 32,
  distractorPool: 512,
};

type EmbeddingTerms = TaskTerms<EmbeddingParameters>;

/** `parameters.dimensions` is that of the space, whose bounds are the market's. */
export const embeddingRanges: readonly TermRange<EmbeddingTerms>[] = [
  {
    name: 'parameters.minimumWords',
    of: ({ parameters }) => parameters.minimumWords,
    least: 8,
    most: 100_000,
    because: 'fewer words cannot be cut into a kept and a hidden half',
  },
  {
    name: 'parameters.pieces',
    of: ({ parameters }) => parameters.pieces,
    least: 1,
    most: 4,
    because: 'losses are counted in twelfths',
  },
  {
    name: 'parameters.pieceWords',
    of: ({ parameters }) => parameters.pieceWords,
    least: 1,
    most: 10_000,
    because: 'a piece has words',
  },
  {
    name: 'parameters.distractors',
    of: ({ parameters }) => parameters.distractors,
    least: 1,
    most: 4_096,
    because: 'a piece is told apart from something',
  },
  {
    name: 'parameters.distractorPool',
    of: ({ parameters }) => parameters.distractorPool,
    least: 1,
    most: 65_536,
    because: 'a calibration set has 65,536 pieces at most',
  },
];

/** What does not fit together, in a sentence that says what would do. */
export function problemOfEmbeddingTerms({ parameters, space }: EmbeddingTerms): string | undefined {
  const { dimensions, distractors, distractorPool, maximumTextBytes, minimumWords } = parameters;
  if (dimensions !== space.dimensions)
    return `parameters.dimensions is ${dimensions} and space.dimensions is ${space.dimensions}: they must be the same.`;
  if (distractors > distractorPool)
    return `${distractors} distractors are chosen from ${distractorPool} drawn pieces: distractorPool must be ${distractors} or more.`;
  // A word is a letter and a space at least.
  if (maximumTextBytes < 2 * minimumWords)
    return `No text of ${minimumWords} words fits ${maximumTextBytes} bytes: raise maximumTextBytes or lower minimumWords.`;
  return undefined;
}
