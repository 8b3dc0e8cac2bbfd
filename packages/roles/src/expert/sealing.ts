import type { Hash, NodeId, Random } from '@market-of-experts/core';
import { type Answer, type Commit, commitDomain, sealOf } from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';
import type { TaskSkill } from '../tasks/task-skill.ts';
import type { JobInHand } from './job-memory.ts';

/** The two seals of a job and what opens them, in the name of one expert. */
export interface Sealing {
  /** To the first list. Throws what the model throws. */
  answerFirst(state: JobInHand, signal: AbortSignal): Promise<Answer['first']>;
  /** Asked again for the same job, it gives the seal that it has given. */
  sealFirst(state: JobInHand, answers: Answer['first']): Promise<Commit>;
  /** Seals answers to the second list, named by its hash, and prepares the reveal. */
  sealSecond(state: JobInHand, texts: readonly string[], list: Hash, signal: AbortSignal): Promise<Commit>;
}

export function sealing(self: NodeId, skill: TaskSkill, random: Random): Sealing {
  const authorOf = ({ job, principal }: JobInHand) => ({
    job: job.id,
    principal,
    worker: self,
  });
  return {
    answerFirst: ({ job, first }, signal) => skill.answerFirst(first.texts, job.roster.parameters, signal),
    async sealFirst(state, answers) {
      const author = authorOf(state);
      const { list } = state.first;
      if (state.sealed === undefined) {
        const salt = random.bytes(16);
        state.sealed = { answers, salt, seal: sealOf(author, list, answers, salt) };
      }
      const { seal } = state.sealed;
      return state.pen.sign(commitDomain, { ...author, stage: 'sealed' as const, list, seal });
    },
    async sealSecond(state, texts, list, signal) {
      const { job, sealed } = state;
      if (sealed === undefined) refuse('This expert has sealed no answer to the first list.');
      const second = await skill.answerSecond(texts, job.roster.parameters, signal);
      const author = authorOf(state);
      const secondSalt = random.bytes(16);
      const seal = sealOf(author, list, second, secondSalt);
      const reveal = await state.pen.reveal({
        ...author,
        first: sealed.answers,
        firstSalt: sealed.salt,
        second,
        secondSalt,
      });
      const commit = await state.pen.sign(commitDomain, { ...author, stage: 'full' as const, list, seal });
      state.revealed = { seal, reveal };
      return commit;
    },
  };
}
