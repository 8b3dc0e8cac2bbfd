import { type Answer, fraction, type OpenedAnswer, type Task } from '@market-of-experts/protocol';
import type { TaskSkill } from '@market-of-experts/roles/tasks/task-skill';

/** What a member says: the next number of the kept half, the hidden one when it sees it, and the one after the whole. */
interface OpenedNumbers extends OpenedAnswer {
  readonly guess: number;
  readonly seen: number;
  readonly next: number;
}

const farOff = 16;

const bytesOf = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
/** The number in one part of an answer. */
export const numberIn = (bytes: Uint8Array): number => new Int32Array(new Uint8Array(bytes).buffer)[0]!;

export const numbersAnswer = (guess: number, seen: number, next: number): Answer => ({
  kept: bytesOf(guess),
  pieces: [bytesOf(seen)],
  full: bytesOf(next),
});

/**
 * A kind of market with nothing in common with text embeddings: "what is the next number?" A datum is a list of numbers, of which the
 * last is hidden. The loss is how far off the guess was, in sixteenths; who says that it saw another number than most is an outlier.
 */
export const sequenceTask: Task<object, OpenedNumbers> = {
  ranges: [],
  problemOf: () => undefined,
  question(datum) {
    const numbers = datum.split(' ');
    if (numbers.length < 3) return undefined;
    return { kept: numbers.slice(0, -1).join(' '), pieces: numbers.slice(-1) };
  },
  tooShort: (datum) => (datum.split(' ').length < 3 ? 'Three numbers at least.' : undefined),
  mostPieces: () => 1,
  isAnswer: (full) => full.length === 4,
  open({ kept, pieces, full }) {
    if ([kept, full, ...pieces].some((bytes) => bytes.length !== 4) || pieces.length !== 1) return undefined;
    return { guess: numberIn(kept), seen: numberIn(pieces[0]!), next: numberIn(full), pieceCount: 1 };
  },
  score(seats) {
    const judges = seats.filter(({ isJudge }) => isJudge);
    const truth = judges.find(
      ({ opened }) => 2 * judges.filter((other) => other.opened.seen === opened.seen).length > judges.length,
    )?.opened.seen;
    if (truth === undefined) return undefined;
    return seats.map(({ opened: { guess, seen } }) => ({
      losses: [fraction(Math.min(farOff, Math.abs(guess - truth)), farOff)],
      isOutlier: seen !== truth,
      isDissenting: false,
    }));
  },
  locate: (kept) => ({ place: 0, point: Int16Array.of(numberIn(kept)) }),
  placeOf: (judges) => ({ place: judges.length, vectors: [Uint8Array.of(1)] }),
  deliver: (answers, weights) => answers[weights.indexOf(Math.max(...weights))]!,
};

/** An expert that takes a row of numbers to go on in even steps, and is so far off with its guess. */
export const sequenceSkill = (error: number): TaskSkill => ({
  name: `off by ${error}`,
  answerKept: async (kept) => bytesOf(following(kept) + error),
  answerWhole: async (datum, pieces) => ({
    pieces: pieces.map((piece) => bytesOf(Number(piece))),
    full: bytesOf(following(datum)),
  }),
  publish: async (pieces) => Int16Array.from(pieces, following),
  answerAll: async (data) => data.map((datum) => bytesOf(following(datum))),
});

function following(row: string): number {
  const [before, last] = row.split(' ').slice(-2).map(Number);
  return 2 * last! - before!;
}
