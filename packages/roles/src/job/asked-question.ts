import { encode, type Hash } from '@market-of-experts/core';
import {
  isAssignmentOf,
  listsOf,
  type MarketParameters,
  type OpenedQuestion,
  openedQuestion,
  type QuestionSalts,
  questionLimits,
  type SealedJob,
  saltedDataHash,
  type TaskRules,
} from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';

/** One order's text with the salt of its hash. */
export interface SaltedDatum {
  readonly text: string;
  readonly salt: Uint8Array;
}

/** All that a question is made of, shown when its lists are sealed: whoever has it makes it again. */
export interface WholeQuestion {
  readonly data: readonly SaltedDatum[];
  readonly reserve: readonly string[];
  /** Where the entries of the first list lie, by the market's base encoder. */
  readonly positions: readonly Uint8Array[];
  readonly salts: QuestionSalts;
}

type AskedJob = Pick<SealedJob, 'orders' | 'draw' | 'roster'>;

/**
 * Throws `message-refused` for a list that no question has, and for one that is longer than what was ordered, once for texts as a whole, once
 * for their parts, and the task's reserve: its answers could be had for nothing.
 */
export function assertList(
  list: 'first' | 'second',
  { orders, roster }: Pick<SealedJob, 'orders' | 'roster'>,
  texts: readonly string[],
  positions: readonly Uint8Array[],
  task: Pick<TaskRules<MarketParameters>, 'mostReserveBytes' | 'isList'>,
): void {
  if (!task.isList(list, texts, positions, roster.parameters))
    refuse('No question of this market has such a list.');
  const ordered = orders.reduce((sum, { body }) => sum + body.bytes, 0);
  if (bytesOf(texts) > 2 * ordered + task.mostReserveBytes(roster.parameters))
    refuse('The list is longer than the data that were ordered.');
}

/**
 * The question of a job, made again from the texts that were ordered and the job's seed. Throws `message-refused` where these are
 * not they.
 */
export function questionOf(
  { orders, draw, roster }: AskedJob,
  { data, reserve, positions, salts }: WholeQuestion,
  task: Pick<TaskRules<MarketParameters>, 'question'>,
): OpenedQuestion {
  const isOrdered =
    data.length === orders.length &&
    orders.every(({ body }, index) => {
      const { text, salt } = data[index]!;
      return Buffer.byteLength(text) === body.bytes && saltedDataHash(text, salt) === body.dataHash;
    });
  if (!isOrdered) refuse('The datum is not the one that was ordered.');
  if (bytesOf(reserve) > questionLimits.reserveBytes)
    refuse('The texts of the reserve in the question are too long.');
  const texts = data.map(({ text }) => text);
  const question = task.question(texts, draw.seed, roster.parameters, reserve);
  return question === undefined
    ? refuse('There is no question about these data.')
    : openedQuestion(question, salts, positions);
}

/**
 * Whether an opened question is the one that was asked: with these lists, a place in them for every datum, and of a form in which it
 * can be answered.
 */
export function isAsked(
  question: OpenedQuestion,
  lists: { readonly first: Hash; readonly second: Hash },
  { orders, roster }: Pick<SealedJob, 'orders' | 'roster'>,
  task: Pick<TaskRules<MarketParameters>, 'isQuestion'>,
): boolean {
  const opened = listsOf(question);
  return (
    opened.first === lists.first &&
    opened.second === lists.second &&
    isAssignmentOf(question, orders.length) &&
    task.isQuestion(question, roster.parameters)
  );
}

export function isSameQuestion(a: OpenedQuestion, b: OpenedQuestion): boolean {
  return Buffer.compare(encode(a), encode(b)) === 0;
}

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
