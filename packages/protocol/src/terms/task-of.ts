import type { MarketParameters } from '../parameters/market-parameters.ts';
import { embeddingRules, embeddingTask } from '../tasks/embedding/embedding-task.ts';
import type { PublishedAnswers, Task, TaskRules } from '../tasks/task.ts';
import type { MarketTask } from './terms.ts';

interface Kind {
  readonly rules: TaskRules<MarketParameters>;
  readonly with: (published: PublishedAnswers) => Task<MarketParameters>;
}

/** The kinds of market that there are, by the name that their terms give. */
const kinds: Readonly<Record<MarketTask, Kind>> = {
  'text-embedding': { rules: embeddingRules, with: embeddingTask },
};

/** The rules of a kind of market that need nothing published. */
export function taskOf(task: MarketTask): TaskRules<MarketParameters> {
  return kinds[task].rules;
}

/** The same with what the experts of a market have published. */
export function taskWith(task: MarketTask, published: PublishedAnswers): Task<MarketParameters> {
  return kinds[task].with(published);
}
