import { type Answer, fraction, type Task } from '@market-of-experts/protocol';
import type { TaskSkill } from '@market-of-experts/roles/tasks/task-skill';

/** What a member says: the next number of each row that was kept; to the second list, numbers as it sees them and what comes next. */
interface OpenedNumbers {
  readonly first: readonly number[];
  readonly second: readonly number[];
}

const farOff = 16;
const mostData = 12;

const bytesOf = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
/** The number in one answer. */
export const numberIn = (bytes: Uint8Array): number => new Int32Array(new Uint8Array(bytes).buffer)[0]!;

/** Of a job of one row: a guess, the hidden number as it was seen, and what comes after the whole. */
export const numbersAnswer = (guess: number, seen: number, next: number): Answer => ({
  first: [bytesOf(guess)],
  second: [bytesOf(seen), bytesOf(next)],
});

/**
 * A kind of market with nothing in common with text embeddings: "what is the next number?" A datum is a row of numbers, of which the
 * last is hidden. The first list is the rows without it, the second the hidden numbers, the whole rows, and rows of the reserve. The loss is how far off
 * the guess was, in sixteenths; who says that it saw another number than most is an outlier.
 */
export const sequenceTask: Task<object, OpenedNumbers> = {
  ranges: [],
  problemOf: () => undefined,
  question(data, _, __, reserve) {
    const rows = data.map((datum) => datum.split(' '));
    if (rows.length < 1 || rows.length > mostData || rows.some((row) => row.length < 3)) return undefined;
    return {
      first: rows.map((row) => row.slice(0, -1).join(' ')),
      second: [...rows.map((row) => row.at(-1)!), ...data, ...reserve],
      assignment: rows.map((_, datum) => ({ first: datum, second: [datum, data.length + datum], wrong: [] })),
    };
  },
  tooShort: (datum) => (datum.split(' ').length < 3 ? 'Three numbers at least.' : undefined),
  mostData: () => mostData,
  mostEntries: () => 3 * mostData,
  mostReserveTexts: () => 4,
  mostReserveBytes: () => 1_024,
  isList: () => true,
  isQuestion: ({ first, second, assignment }) =>
    first.length === assignment.length &&
    second.length >= 2 * assignment.length &&
    assignment.every((datum, index) => datum.first === index && datum.second.length === 2),
  isPart: (answer) => answer.length === 4,
  isNothing: () => false,
  statedVector: (answer) => (answer.length === 4 ? answer : undefined),
  open({ first, second }, question) {
    if (first.length !== question.first.length || second.length !== question.second.length) return undefined;
    if ([...first, ...second].some((bytes) => bytes.length !== 4)) return undefined;
    return { first: first.map(numberIn), second: second.map(numberIn) };
  },
  score(seats, { assignment }) {
    const judges = seats.filter(({ isJudge }) => isJudge);
    const truths = assignment.map(({ second: [hidden] }) => {
      const seen = judges.map(({ opened }) => opened.second[hidden!]!);
      return seen.find((number) => 2 * seen.filter((other) => other === number).length > seen.length);
    });
    if (truths.includes(undefined)) return undefined;
    return seats.map(({ opened: { first, second } }) => ({
      losses: assignment.map((datum, index) =>
        fraction(Math.min(farOff, Math.abs(first[datum.first]! - truths[index]!)), farOff),
      ),
      isOutlier: assignment.some((datum, index) => second[datum.second[0]!] !== truths[index]),
      isDissenting: false,
    }));
  },
  locate: ([first]) => ({ place: 0, point: Int16Array.of(numberIn(first!)) }),
  placeOf: (judges, { assignment }) => ({
    place: judges.length,
    vectors: assignment.map(() => Uint8Array.of(1)),
  }),
  mix: (_edition, answers) => answers.find((answer) => answer !== undefined)!,
};

/** An expert that takes a row of numbers to go on in even steps, and is so far off with its guess: by how the row begins, too. */
export const sequenceSkill = (error: number | ((begins: number) => number)): TaskSkill => {
  const errorOf = (row: string): number =>
    typeof error === 'number' ? error : error(Number.parseInt(row, 10));
  const answerAll = async (data: readonly string[]) => data.map((datum) => bytesOf(following(datum)));
  return {
    name: typeof error === 'number' ? `off by ${error}` : 'off by more or less',
    answerFirst: async (list) => list.map((row) => bytesOf(following(row) + errorOf(row))),
    answerSecond: (list) => answerAll(list),
    answerAll: (data) => answerAll(data),
  };
};

/** What comes after a row; of one number, that number. */
function following(row: string): number {
  const [before, last] = row.split(' ').slice(-2).map(Number);
  return last === undefined ? before! : 2 * last - before!;
}
