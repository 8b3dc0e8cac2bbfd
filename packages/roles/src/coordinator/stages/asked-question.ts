import { type Hash, MoeError } from '@market-of-experts/core';
import {
  type Commit,
  listsOf,
  type OpenedQuestion,
  openedQuestion,
  type Question,
  type SealedJob,
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

/** Throws `input-too-short` where a text cannot be cut. */
export function askedQuestion({ input, components }: ShardRun, { draw }: SealedJob): AskedQuestion {
  const { data, roster } = input;
  const reserve = input.takeReserve?.() ?? [];
  const { task } = components.view;
  const texts = data.map(({ text }) => text);
  const question = task.question(texts, draw.seed, roster.parameters, reserve);
  if (question === undefined)
    throw new MoeError(
      'input-too-short',
      texts.map((text) => task.tooShort(text, roster.parameters)).find((why) => why !== undefined) ??
        'There is no question about these texts.',
    );
  const [first, second, assignment] = [16, 16, 16].map((length) => components.random.bytes(length)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const salts = { first, second, assignment };
  const opened = openedQuestion(question, salts);
  return { question, whole: { data, reserve, salts }, opened, lists: listsOf(opened) };
}

/** A commit about something else than was asked would spoil the transcript. */
export function assertAbout(list: Hash, { body }: Commit): void {
  if (body.list !== list)
    throw new MoeError('message-refused', 'The commit is about another list than was asked.');
}
