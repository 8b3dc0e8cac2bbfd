import type { PublishedAnswers, Task, TaskRules } from '../task.ts';
import {
  type EmbeddingParameters,
  embeddingRanges,
  problemOfEmbeddingTerms,
} from './embedding-parameters.ts';
import { drawCalibration, scoreMembers } from './loss.ts';
import { maskText, wordsOf } from './mask.ts';
import { storedVector } from './side-by-side.ts';
import {
  addInto,
  float32Bytes,
  float32FromBytes,
  int8Direction,
  int16Bytes,
  int16FromBytes,
  isQuantisedUnit,
  isUnitVector,
  quantise,
} from './vector.ts';

/** A member's vectors, int16, of the market's dimension. */
export interface OpenedVectors {
  readonly kept: Int16Array;
  readonly pieces: readonly Int16Array[];
  /** Of the whole text, quantised. */
  readonly full: Int16Array;
}

/** What judging a text embedding needs of its market. */
export interface PublishedVectors extends PublishedAnswers {
  /** Calibration pieces that may not serve as distractors (of the datum's own document). */
  readonly isExcluded?: (calibrationIndex: number) => boolean;
}

/**
 * Text embeddings, one text a job. The first list is its kept half, the second its hidden pieces and the whole text. An answer is a
 * unit vector, little-endian: int16 of the kept half, float32 of the others. As a part of an edition an expert answers with float32 in a
 * space of its own.
 */
export const embeddingRules: TaskRules<EmbeddingParameters, OpenedVectors> = {
  ranges: embeddingRanges,
  problemOf: problemOfEmbeddingTerms,
  question(data, seed, parameters) {
    const [text] = data;
    const masked = data.length === 1 ? maskText(text!, seed, parameters) : undefined;
    if (masked === undefined) return undefined;
    const second = [...masked.pieces, text!];
    return {
      first: [masked.kept],
      second,
      assignment: [{ first: 0, second: [...second.keys()], wrong: [] }],
    };
  },
  tooShort(text, { minimumWords }) {
    // Long texts are not segmented whole to find out.
    const isLong = wordsOf(text.slice(0, 40 * minimumWords)).length >= minimumWords;
    if (isLong || wordsOf(text).length >= minimumWords) return undefined;
    return `Text of fewer than ${minimumWords} words is routed.`;
  },
  mostData: () => 1,
  mostEntries: ({ pieces }) => pieces + 1,
  mostReserveBytes: () => 0,
  isQuestion: ({ first, second, assignment }, { pieces }) =>
    first.length === 1 &&
    second.length >= 2 &&
    second.length <= pieces + 1 &&
    assignment.length === 1 &&
    assignment[0]!.wrong.length === 0 &&
    assignment[0]!.second.length === second.length &&
    assignment[0]!.second.every((place, index) => place === index),
  open({ first, second }, question, { dimensions, pieces }) {
    const [kept] = first;
    if (kept?.length !== 2 * dimensions || first.length !== 1 || question.first.length !== 1)
      return undefined;
    if (
      second.length !== question.second.length ||
      second.length < 2 ||
      second.length > pieces + 1 ||
      second.some((answer) => answer.length !== 4 * dimensions)
    )
      return undefined;
    const answers = second.map(float32FromBytes);
    if (!answers.every((vector) => vector.every((value) => value >= -1.001 && value <= 1.001)))
      return undefined;
    const vectors = answers.map(quantise);
    const opened = {
      kept: int16FromBytes(kept),
      pieces: vectors.slice(0, -1),
      full: vectors.at(-1)!,
    };
    return [opened.kept, ...vectors].every(isQuantisedUnit) ? opened : undefined;
  },
  isPart: (answer, { dimensions }) =>
    answer.length === 4 * dimensions && isUnitVector(float32FromBytes(answer)),
  isNothing: (answer) => float32FromBytes(answer).every((value) => value === 0),
  statedVector(answer) {
    if (answer.length === 0 || answer.length % 4 !== 0) return undefined;
    const vector = float32FromBytes(answer);
    return isUnitVector(vector) ? int16Bytes(quantise(vector)) : undefined;
  },
  mix: ({ parts }, answers) =>
    float32Bytes(
      storedVector(
        parts,
        answers.map((answer) => answer && float32FromBytes(answer)),
      ).vector,
    ),
};

/** The task of a market of text embeddings, whose experts have published these vectors. */
export function embeddingTask({
  calibration,
  placeOf,
  isExcluded,
}: PublishedVectors): Task<EmbeddingParameters, OpenedVectors> {
  return {
    ...embeddingRules,
    score(seats, _, seed, { distractorPool, distractors }) {
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
    locate(first) {
      const point = int16FromBytes(first[0]!);
      return { place: placeOf(Int32Array.from(point)), point };
    },
    placeOf(judges, _, { dimensions }) {
      const sum = new Int32Array(dimensions);
      for (const { kept } of judges) addInto(sum, kept);
      return { place: placeOf(sum), vectors: [int8Direction(sum)] };
    },
  };
}
