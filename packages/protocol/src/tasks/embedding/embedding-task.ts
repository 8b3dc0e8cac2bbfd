import type { OpenedAnswer, PublishedAnswers, Task, TaskRules } from '../task.ts';
import {
  type EmbeddingParameters,
  embeddingRanges,
  problemOfEmbeddingTerms,
} from './embedding-parameters.ts';
import { drawCalibration, scoreMembers } from './loss.ts';
import { maskText, wordsOf } from './mask.ts';
import { mixVectors } from './mix-vectors.ts';
import {
  addInto,
  float32Bytes,
  float32FromBytes,
  int8Direction,
  int16FromBytes,
  isQuantisedUnit,
  isUnitVector,
  quantise,
} from './vector.ts';

/** A member's vectors, int16, of the market's dimension. */
export interface OpenedVectors extends OpenedAnswer {
  readonly kept: Int16Array;
  readonly pieces: readonly Int16Array[];
  /** Of the whole text, quantised from what is delivered. */
  readonly full: Int16Array;
}

/** What judging a text embedding needs of its market. */
export interface PublishedVectors extends PublishedAnswers {
  /** Calibration pieces that may not serve as distractors (of the datum's own document). */
  readonly isExcluded?: (calibrationIndex: number) => boolean;
}

/**
 * Text embeddings. An answer is a unit vector: int16, little-endian, of the kept half and of each hidden piece; float32,
 * little-endian, of the whole text, as it is delivered.
 */
export const embeddingRules: TaskRules<EmbeddingParameters, OpenedVectors> = {
  ranges: embeddingRanges,
  problemOf: problemOfEmbeddingTerms,
  question: maskText,
  tooShort(text, { minimumWords }) {
    // Long texts are not segmented whole to find out.
    const isLong = wordsOf(text.slice(0, 40 * minimumWords)).length >= minimumWords;
    if (isLong || wordsOf(text).length >= minimumWords) return undefined;
    return `Text of fewer than ${minimumWords} words is routed.`;
  },
  mostPieces: ({ pieces }) => pieces,
  open(answer, { dimensions, pieces }) {
    if (
      answer.kept.length !== 2 * dimensions ||
      answer.full.length !== 4 * dimensions ||
      answer.pieces.length < 1 ||
      answer.pieces.length > pieces ||
      answer.pieces.some((piece) => piece.length !== 2 * dimensions)
    )
      return undefined;
    const delivered = float32FromBytes(answer.full);
    if (!delivered.every((value) => value >= -1.001 && value <= 1.001)) return undefined;
    const opened = {
      kept: int16FromBytes(answer.kept),
      pieces: answer.pieces.map(int16FromBytes),
      full: quantise(delivered),
      pieceCount: answer.pieces.length,
    };
    return [opened.kept, opened.full, ...opened.pieces].every(isQuantisedUnit) ? opened : undefined;
  },
  isAnswer: (full, { dimensions }) => full.length === 4 * dimensions && isUnitVector(float32FromBytes(full)),
  deliver(answers, weights, { dimensions }) {
    const vectors = answers.map((answer, index) =>
      answer === undefined || weights[index] === 0 ? new Float32Array(dimensions) : float32FromBytes(answer),
    );
    return float32Bytes(mixVectors(vectors, weights));
  },
};

/** The task of a market of text embeddings, whose experts have published these vectors. */
export function embeddingTask({
  calibration,
  placeOf,
  isExcluded,
}: PublishedVectors): Task<EmbeddingParameters, OpenedVectors> {
  return {
    ...embeddingRules,
    score(seats, seed, { distractorPool, distractors }) {
      // Everyone is compared on pieces of which every judge has published a vector.
      const available = Math.min(
        ...seats.filter(({ isJudge }) => isJudge).map(({ calibrationCount }) => calibrationCount),
      );
      const drawn = drawCalibration(seed, available, distractorPool, isExcluded);
      return scoreMembers(
        seats.map(({ worker, opened, isJudge }) => ({
          kept: opened.kept,
          pieces: opened.pieces,
          full: opened.full,
          calibration: (index) => calibration(worker, index),
          isJudge,
        })),
        drawn,
        distractors,
      );
    },
    locate(kept) {
      const point = int16FromBytes(kept);
      return { place: placeOf(Int32Array.from(point)), point };
    },
    placeOf(judges, { dimensions }) {
      const sum = new Int32Array(dimensions);
      for (const { kept } of judges) addInto(sum, kept);
      return { place: placeOf(sum), vectors: [int8Direction(sum)] };
    },
  };
}
