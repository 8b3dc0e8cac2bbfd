import type { MarketParameters } from '../parameters/market-parameters.ts';
import { embeddingRules, embeddingTask } from '../tasks/embedding/exam/embedding-task.ts';
import type { DividedSpace, Task, TaskRules } from '../tasks/task.ts';
import type { MarketTask } from './terms.ts';

interface Kind {
  readonly rules: TaskRules<MarketParameters>;
  readonly with: (space: DividedSpace) => Task<MarketParameters>;
}

/** The kinds of market that there are, by the name that their terms give. */
const kinds: Readonly<Record<MarketTask, Kind>> = {
  'text-embedding': { rules: embeddingRules, with: embeddingTask },
};

/** The rules of a kind of market. */
export function taskOf(task: MarketTask): TaskRules<MarketParameters> {
  return kinds[task].rules;
}

/** The same with the divided space of a market. */
export function taskWith(task: MarketTask, space: DividedSpace): Task<MarketParameters> {
  return kinds[task].with(space);
}
