import { hash } from 'node:crypto';
import { sumOfPositions } from '../../../scoring/positions.ts';
import type { DividedSpace, Question, Task, TaskRules } from '../../task.ts';
import { storedVector } from '../side-by-side.ts';
import {
  float32Bytes,
  float32FromBytes,
  int8Direction,
  int16Bytes,
  isUnitVector,
  quantise,
} from '../vector.ts';
import { tooShortToCut } from './cuts.ts';
import { type ExamAnswers, examProducts, openExamAnswers } from './exam-answers.ts';
import { type ExamParameters, examRanges, problemOfExamTerms } from './exam-parameters.ts';
import { hasExamWords } from './exam-words.ts';
import { examLists, mostEntries } from './lists.ts';
import { examLoss } from './products.ts';
import { wrongAnswers } from './wrong-answers.ts';

/** Of a word of the reserve and the space after it, on average at most; and of the words of a part. */
const wordBytes = 16;
const mostWordBytes = 97;

/**
 * Text embeddings by exam (docs/concepts/loss.md): of a batch of texts the first list holds kept parts, the second pieces, with those of
 * reserve texts among them. An answer is an int16 vector in the expert's own space, of any dimension up to 4,096; as a part of an
 * edition, float32. A member's loss for a text is how often it holds another's piece for nearer than one of the text's own.
 * Nobody is judged by anybody: there are no outliers and no dissent.
 */
export const embeddingRules: TaskRules<ExamParameters, ExamAnswers> = {
  ranges: examRanges,
  problemOf: problemOfExamTerms,
  question: (data, seed, parameters, reserve) =>
    remembered(['moe/question/1', data, seed, parameters, reserve], () =>
      questionOf(data, seed, parameters, reserve),
    ),
  tooShort: tooShortToCut,
  mostData: ({ batchTexts }) => batchTexts,
  mostEntries: (parameters) => mostEntries(parameters).second,
  mostReserveTexts: ({ batchTexts, reserveTexts }) => batchTexts - 1 + reserveTexts,
  mostReserveBytes: ({ batchTexts, reserveTexts, keptWords, pieces, pieceWords }) =>
    wordBytes * (batchTexts * (keptWords + pieces * pieceWords) + reserveTexts * pieceWords),
  isList(list, entries, positions, parameters) {
    const most = mostEntries(parameters);
    const words = list === 'first' ? parameters.keptWords : parameters.pieceWords;
    // Made plain, some words are two: ½ becomes 1 2.
    const isPart = (entry: string): boolean =>
      Buffer.byteLength(entry) <= mostWordBytes * words && !hasExamWords(entry, 2 * words + 1);
    if (entries.length > most[list] || !entries.every(isPart)) return false;
    return list === 'second' || arePositions(positions, entries.length, parameters);
  },
  isQuestion({ first, second, assignment, positions }, parameters) {
    const most = mostEntries(parameters);
    return (
      first.length <= most.first &&
      second.length <= most.second &&
      arePositions(positions, first.length, parameters) &&
      assignment.every((datum) => datum.second.length <= parameters.pieces)
    );
  },
  open: ({ first, second }, question) => openExamAnswers(first, second, question),
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

/** The task of a market of text embeddings by exam, whose space is divided into places. */
export function embeddingTask({ placeOf }: DividedSpace): Task<ExamParameters, ExamAnswers> {
  return {
    ...embeddingRules,
    score: (seats, { assignment }) =>
      seats.map(({ opened }) => ({
        losses: examProducts(
          opened,
          assignment,
          assignment.map(({ wrong }) => wrong),
        ).map((products) => (products === undefined ? null : examLoss(products))),
        isOutlier: false,
        isDissenting: false,
      })),
    locate(_, positions) {
      const sum = sumOfPositions(positions);
      return { place: placeOf(sum), point: Int16Array.from(sumOfPositions([int8Direction(sum)])) };
    },
    placeOf(_, { assignment, positions }) {
      const vectors = assignment.map(({ first }) => positions[first]!);
      return { place: placeOf(sumOfPositions(vectors)), vectors };
    },
  };
}

function questionOf(
  data: readonly string[],
  seed: string,
  parameters: ExamParameters,
  reserve: readonly string[],
): Question | undefined {
  const lists = examLists(data, reserve, seed, parameters);
  if (lists === undefined) return undefined;
  const wrong = wrongAnswers(lists);
  // Who could not be wrong would not be judged.
  if (wrong.some(({ length }) => length === 0)) return undefined;
  return {
    first: lists.first,
    second: lists.second,
    assignment: lists.assignment.map((datum, index) => ({ ...datum, wrong: wrong[index]! })),
  };
}

/** In one process a coordinator and its experts make the same question one after the other. */
const latest = new Map<string, Question | undefined>();
const mostRemembered = 16;

function remembered(of: unknown, make: () => Question | undefined): Question | undefined {
  const key = hash('sha256', JSON.stringify(of, bigintText));
  const known = latest.get(key);
  if (known !== undefined) return known;
  const made = make();
  latest.set(key, made);
  if (latest.size > mostRemembered) latest.delete(latest.keys().next().value!);
  return made;
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

/** One for each entry, that lie somewhere: together they must say a place. */
function arePositions(
  positions: readonly Uint8Array[],
  entries: number,
  { dimensions }: Pick<ExamParameters, 'dimensions'>,
): boolean {
  return (
    positions.length === entries &&
    positions.every((position) => position.length === dimensions && position.some((value) => value !== 0))
  );
}
