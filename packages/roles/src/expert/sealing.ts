import type { NodeId, Random } from '@market-of-experts/core';
import {
  type Commit,
  commitDomain,
  type MarketParameters,
  sealFull,
  sealKept,
  type Task,
} from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';
import type { TaskSkill } from '../tasks/task-skill.ts';
import type { JobInHand } from './job-memory.ts';

/** The two seals of a job and what opens them, in the name of one expert. */
export interface Sealing {
  /** To what is kept. Throws what the model throws. */
  answerKept(state: JobInHand, signal: AbortSignal): Promise<Uint8Array>;
  /** Asked again for the same job, it gives the seal that it has given. */
  sealKept(state: JobInHand, kept: Uint8Array): Promise<Commit>;
  /** Seals pieces and whole of a datum that has been found to be the one ordered, and prepares the reveal. */
  sealWhole(state: JobInHand, text: string, signal: AbortSignal): Promise<Commit>;
}

export function sealing(
  self: NodeId,
  skill: TaskSkill,
  task: Task<MarketParameters>,
  random: Random,
): Sealing {
  const authorOf = ({ job, principal }: JobInHand) => ({
    job: job.id,
    principal,
    worker: self,
  });
  return {
    answerKept: ({ job, kept }, signal) => skill.answerKept(kept, job.roster.parameters, signal),
    async sealKept(state, kept) {
      const author = authorOf(state);
      if (state.sealed === undefined) {
        const salt = random.bytes(16);
        state.sealed = { kept, salt, seal: sealKept(author, kept, salt) };
      }
      return state.pen.sign(commitDomain, { ...author, stage: 'sealed' as const, seal: state.sealed.seal });
    },
    async sealWhole(state, text, signal) {
      const { job, sealed } = state;
      const { parameters } = job.roster;
      const question = task.question(text, job.draw.seed, parameters);
      if (sealed === undefined || question === undefined || question.kept !== state.kept)
        refuse('The kept half was not cut from this datum by the seed of the job.');
      const rest = await skill.answerWhole(text, question.pieces, parameters, signal);
      const answer = { kept: sealed.kept, ...rest };
      const author = authorOf(state);
      const fullSalt = random.bytes(16);
      const seal = sealFull(author, answer, fullSalt);
      const reveal = await state.pen.reveal({ ...author, ...answer, keptSalt: sealed.salt, fullSalt });
      const commit = await state.pen.sign(commitDomain, { ...author, stage: 'full' as const, seal });
      state.revealed = { seal, reveal };
      return commit;
    },
  };
}
