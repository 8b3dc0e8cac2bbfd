import type { Clock, JobId, NodeId } from '@moe/core';
import type { Commit, Reveal } from '@moe/protocol';

export type ArrivedMessage = { readonly commit: Commit } | { readonly reveal: Reveal };
type Stage = 'sealed' | 'full' | 'reveal';

/** What has reached a witness, by job and stage, in order. Bounded in jobs and in messages of one job. */
export interface ArrivalBook {
  record(message: ArrivedMessage, from: NodeId): void;
  of(job: JobId, stage: Stage): readonly ArrivedMessage[];
}

const maxJobs = 4_096;
const maxMessages = 64;

export function arrivalBook(clock: Clock, keepMs = 60_000): ArrivalBook {
  const jobs = new Map<JobId, { readonly atMs: number; readonly messages: ArrivedMessage[] }>();
  return {
    record(message, from) {
      const body = 'commit' in message ? message.commit.body : message.reveal;
      // Nobody can put words into another's mouth: the transport says who speaks.
      if (body.worker !== from) return;
      for (const [id, { atMs }] of jobs) {
        if (jobs.size < maxJobs && clock.nowMs() - atMs < keepMs) break;
        jobs.delete(id);
      }
      const entry = jobs.get(body.job) ?? { atMs: clock.nowMs(), messages: [] };
      if (entry.messages.length < maxMessages) entry.messages.push(message);
      jobs.set(body.job, entry);
    },
    of: (job, stage) => (jobs.get(job)?.messages ?? []).filter((message) => stageOf(message) === stage),
  };
}

export function principalOf(message: ArrivedMessage): NodeId {
  return 'commit' in message ? message.commit.body.principal : message.reveal.principal;
}

function stageOf(message: ArrivedMessage): Stage {
  return 'commit' in message ? message.commit.body.stage : 'reveal';
}
