import type { MarketParameters } from '../parameters/market-parameters.ts';
import { embeddingRules } from '../tasks/embedding/embedding-task.ts';
import type { TaskRules } from '../tasks/task.ts';

/** The kinds of market that there are, by the name that their terms give. */
const kinds = { 'text-embedding': embeddingRules } satisfies Record<string, TaskRules<MarketParameters>>;

export type MarketTask = keyof typeof kinds;
export const marketTasks = Object.keys(kinds) as MarketTask[];

/** The rules of a kind of market; those that need what its experts publish are made where that is known. */
export function taskOf(task: MarketTask): TaskRules<MarketParameters> {
  return kinds[task];
}
