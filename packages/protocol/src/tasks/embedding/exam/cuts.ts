import { type DrawStream, drawStream } from '../../../random/stream.ts';
import type { ExamParameters } from './exam-parameters.ts';
import { type ExamWord, examWords, hasExamWords } from './exam-words.ts';
import { plainText } from './plain-text.ts';
import { type Segment, segmentations } from './segments.ts';
import { titleOf } from './titles.ts';

/** What a text is asked: every question is a kept part for which its own pieces have to be told from those of others. */
export const examQuestions = ['alternating', 'span', 'start', 'title'] as const;
export type ExamQuestionKind = (typeof examQuestions)[number];

/** A text cut by the seed of its exam. */
export interface ExamCut {
  readonly question: ExamQuestionKind;
  readonly kept: string;
  /** One to four, all of `pieceWords` words, in the order of the text. */
  readonly pieces: readonly string[];
}

/** Places of words in a text: what is kept, and what pieces are taken from. */
interface Division {
  readonly kept: readonly number[];
  readonly hidden: readonly number[];
}

/** Why a text cannot be cut, in a sentence; undefined for one that can. Cheaper than to cut it. */
export function tooShortToCut(text: string, { minimumWords }: ExamParameters): string | undefined {
  if (hasExamWords(text, minimumWords)) return undefined;
  return `Text of fewer than ${minimumWords} words is served without an exam.`;
}

/**
 * Cuts a text by the seed and its place in the batch. Undefined where {@link tooShortToCut} says why. The same on every machine.
 * Of a text that is much longer than its kept part and pieces one stretch is asked about, drawn by the seed.
 */
export function cutText(
  text: string,
  seed: string,
  place: number,
  parameters: ExamParameters,
): ExamCut | undefined {
  const words = examWords(text);
  if (words.length < parameters.minimumWords) return undefined;
  const stream = drawStream(seed, `exam-cut/${place}`);
  const title = titleWithBody(text, words, parameters);
  const question = drawQuestion(stream, parameters, title !== undefined);
  const { kept, hidden } =
    question === 'title'
      ? title!
      : divide(question, words, stretchOf(words, stream, parameters), stream, parameters);
  const { pieces, pieceWords, keptWords } = parameters;
  const whole = Math.floor(hidden.length / pieceWords);
  const first = stream.below(hidden.length - whole * pieceWords + 1);
  const chosen = [...Array(whole).keys()];
  while (chosen.length > pieces) chosen.splice(stream.below(chosen.length), 1);
  const parts = [
    kept.slice(0, keptWords),
    ...chosen.map((piece) => hidden.slice(first + piece * pieceWords, first + (piece + 1) * pieceWords)),
  ].map((part) => textOf(text, words, part));
  const [keptPart, ...pieceParts] = parts;
  if (keptPart === undefined || pieceParts.includes(undefined)) return undefined;
  return { question, kept: keptPart, pieces: pieceParts as string[] };
}

/** In bytes, of a part that is made plain. */
const mostGrowth = 2;

function drawQuestion(
  stream: DrawStream,
  { mixAlternating, mixSpan, mixStart, mixTitle }: ExamParameters,
  hasTitle: boolean,
): ExamQuestionKind {
  const weights = [mixAlternating, mixSpan, mixStart, hasTitle ? mixTitle : 0];
  const sums = weights.map((_, last) => weights.slice(0, last + 1).reduce((sum, weight) => sum + weight, 0));
  const drawn = stream.below(sums.at(-1)!);
  return examQuestions[sums.findIndex((sum) => drawn < sum)]!;
}

/** The words that are asked about: all of a short text, of a longer one twice as many as kept part and pieces have together. */
function stretchOf(
  words: readonly ExamWord[],
  stream: DrawStream,
  { keptWords, pieces, pieceWords, minimumWords }: ExamParameters,
): Segment {
  const length = Math.max(minimumWords, 2 * (keptWords + pieces * pieceWords));
  if (words.length <= length) return { from: 0, to: words.length };
  const from = stream.below(words.length - length + 1);
  return { from, to: from + length };
}

function divide(
  question: Exclude<ExamQuestionKind, 'title'>,
  words: readonly ExamWord[],
  stretch: Segment,
  stream: DrawStream,
  { pieceWords, keptWords, spanWords }: ExamParameters,
): Division {
  const { from, to } = stretch;
  if (question === 'start') {
    const end = from + Math.min(keptWords, Math.floor((to - from) / 2));
    return { kept: places({ from, to: end }), hidden: places({ from: end, to }) };
  }
  if (question === 'span') {
    const start = from + stream.below(to - from - spanWords + 1);
    const end = start + spanWords;
    return {
      kept: places({ from: start, to: end }),
      hidden: [...places({ from, to: start }), ...places({ from: end, to })],
    };
  }
  const parity = stream.below(2);
  const divisions = segmentations(words, stretch).flatMap((segments) =>
    [parity, 1 - parity].map((side) => sidesOf(segments, side)),
  );
  // The last is two halves, which are long enough.
  const isEnough = ({ kept, hidden }: Division): boolean =>
    kept.length >= pieceWords && hidden.length >= pieceWords;
  return divisions.find(isEnough) ?? divisions.at(-1)!;
}

function sidesOf(segments: readonly Segment[], side: number): Division {
  const of = (isSide: (index: number) => boolean): number[] =>
    segments.flatMap((segment, index) => (isSide(index) ? places(segment) : []));
  return { kept: of((index) => index % 2 === side), hidden: of((index) => index % 2 !== side) };
}

/** Undefined where there is no title, or no piece below it. */
function titleWithBody(
  text: string,
  words: readonly ExamWord[],
  { pieces, pieceWords }: ExamParameters,
): Division | undefined {
  const title = titleOf(text, words);
  if (title === undefined || words.length - title.to < pieceWords) return undefined;
  const to = Math.min(words.length, title.to + 2 * pieces * pieceWords);
  return { kept: places(title), hidden: places({ from: title.to, to }) };
}

function places({ from, to }: Segment): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/**
 * Words as they stand in the text where they follow one another; plain, since punctuation and case tell where a cut was. Undefined for signs that
 * stand for many letters each: of a short text they would make long lists.
 */
function textOf(text: string, words: readonly ExamWord[], chosen: readonly number[]): string | undefined {
  let joined = '';
  let bytes = 0;
  for (const [index, place] of chosen.entries()) {
    const follows = index > 0 && chosen[index - 1] === place - 1;
    joined += text.slice(follows ? words[place - 1]!.end : words[place]!.start, words[place]!.end);
    if (chosen[index + 1] !== place + 1) joined += ' ';
    bytes += 1 + Buffer.byteLength(text.slice(words[place]!.start, words[place]!.end));
  }
  const plain = plainText(joined);
  return Buffer.byteLength(plain) > mostGrowth * bytes ? undefined : plain;
}
