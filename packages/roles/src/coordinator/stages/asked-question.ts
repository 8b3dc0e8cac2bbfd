import { type Hash, MoeError } from '@market-of-experts/core';
import {
  type Commit,
  listsOf,
  type OpenedQuestion,
  openedQuestion,
  type Question,
  type SealedJob,
  sumOfPositions,
} from '@market-of-experts/protocol';
import type { WholeQuestion } from '../../job/asked-question.ts';
import type { ShardRun } from './shard-run.ts';

/** What a job asks: its lists, what they are made of, and how it is opened in the end. */
export interface AskedQuestion {
  readonly question: Question;
  readonly whole: WholeQuestion;
  readonly opened: OpenedQuestion;
  /** As they stand in commits. */
  readonly lists: { readonly first: Hash; readonly second: Hash };
}

/** Rejects with `input-too-short` where a text cannot be cut, with `reserve-empty` where nothing can be told apart. */
export async function askedQuestion(
  { input, components }: ShardRun,
  { draw }: SealedJob,
): Promise<AskedQuestion> {
  const { data, roster } = input;
  const { task } = components.view;
  const texts = data.map(({ text }) => text);
  const where = await components.positionsOf?.(texts, input.signal);
  const reserve = input.takeReserve?.(where && sumOfPositions(where)) ?? [];
  const question = task.question(texts, draw.seed, roster.parameters, reserve);
  if (question === undefined)
    throw noQuestion(
      texts.map((text) => task.tooShort(text, roster.parameters)).find((why) => why !== undefined),
    );
  const [first, second, assignment] = [16, 16, 16].map((length) => components.random.bytes(length)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const salts = { first, second, assignment };
  const positions = (await components.positionsOf?.(question.first, input.signal)) ?? [];
  const opened = openedQuestion(question, salts, positions);
  return { question, whole: { data, reserve, positions, salts }, opened, lists: listsOf(opened) };
}

function noQuestion(tooShort: string | undefined): MoeError {
  if (tooShort !== undefined) return new MoeError('input-too-short', tooShort);
  return new MoeError(
    'reserve-empty',
    'No exam can be made of this text: it came alone while the reserve of the market is used up, or its signs stand for many letters each. Send several texts at once; the operator adds texts with "moe reserve add".',
    { isRetryable: true },
  );
}

/** A commit about something else than was asked would spoil the transcript. */
export function assertAbout(list: Hash, { body }: Commit): void {
  if (body.list !== list)
    throw new MoeError('message-refused', 'The commit is about another list than was asked.');
}
