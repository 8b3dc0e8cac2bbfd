import type { Hash } from '@market-of-experts/core';
import {
  assignmentHash,
  listsOf,
  type MarketParameters,
  openedQuestion,
  type TaskRules,
} from '@market-of-experts/protocol';
import type { SaltedDatum } from '@market-of-experts/roles/job/asked-question';
import { basePositions, reserveTexts } from './reserve-texts.ts';

const saltOf = (fill: number): Uint8Array => new Uint8Array(16).fill(fill);

/** What an honest coordinator asks about data, in the parts that its messages carry. */
export function askedQuestion(
  task: Pick<TaskRules<MarketParameters>, 'question'>,
  data: readonly SaltedDatum[],
  seed: Hash,
  parameters: MarketParameters,
) {
  const salts = { first: saltOf(1), second: saltOf(2), assignment: saltOf(3) };
  const asked = task.question(
    data.map(({ text }) => text),
    seed,
    parameters,
    reserveTexts,
  )!;
  const positions = basePositions(asked.first, parameters);
  const question = openedQuestion(asked, salts, positions);
  return {
    first: { texts: asked.first, salt: salts.first },
    second: { texts: asked.second, salt: salts.second },
    assignment: assignmentHash(asked.assignment, salts.assignment),
    question,
    positions,
    whole: { data, reserve: reserveTexts, positions, salts },
    lists: listsOf(question),
  };
}
