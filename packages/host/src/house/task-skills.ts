import type { ExpertBackend } from '@market-of-experts/models';
import type { MarketTask } from '@market-of-experts/protocol';
import { embeddingSkill } from '@market-of-experts/roles/tasks/embedding/embedding-skill';
import type { TaskSkill } from '@market-of-experts/roles/tasks/task-skill';

/** What a model of this process can do in a market of each kind. */
export const taskSkills: Readonly<Record<MarketTask, (backend: ExpertBackend) => TaskSkill>> = {
  'text-embedding': embeddingSkill,
};

/** Says where texts lie: the models of a house have it beside their skills. */
export { type BaseEncoder, baseEncoder } from '../tasks/embedding/base-encoder.ts';
