import { type Clock, type JobId, type NodeId, verifyBody } from '@moe/core';
import {
  type Commit,
  commitDomain,
  type Decline,
  declineDomain,
  type Reveal,
  verifyReveal,
} from '@moe/protocol';

export type ArrivedMessage =
  | { readonly commit: Commit }
  | { readonly decline: Decline }
  | { readonly reveal: Reveal };
type Stage = 'sealed' | 'full' | 'reveal';

/** What has reached a witness, by job and stage, in order. Bounded in jobs and in messages of one job. */
export interface ArrivalBook {
  /** Takes the sender's first message of a stage; ignores what he did not sign and what comes after it. */
  record(message: ArrivedMessage, from: NodeId): void;
  of(job: JobId, stage: Stage): readonly ArrivedMessage[];
}

const maxJobs = 4_096;
const maxMessages = 48;

export function arrivalBook(clock: Clock, keepMs = 60_000): ArrivalBook {
  const jobs = new Map<JobId, { readonly atMs: number; readonly messages: Map<string, ArrivedMessage> }>();
  const forgetOld = (): void => {
    for (const [id, { atMs }] of jobs) {
      if (jobs.size < maxJobs && clock.nowMs() - atMs < keepMs) break;
      jobs.delete(id);
    }
  };
  return {
    record(message, from) {
      // Nobody can put words into another's mouth: the transport says who speaks.
      if (principalOf(message) !== from) return;
      const job = jobOf(message);
      const known = jobs.get(job)?.messages;
      const key = `${stageOf(message)}/${from}`;
      if (known !== undefined && (known.has(key) || known.size >= maxMessages)) return;
      // An unsigned message would be no use to the coordinator, but would excuse its sender from answering.
      if (!isSigned(message)) return;
      if (known !== undefined) known.set(key, message);
      else {
        forgetOld();
        jobs.set(job, { atMs: clock.nowMs(), messages: new Map([[key, message]]) });
      }
    },
    of: (job, stage) =>
      [...(jobs.get(job)?.messages.values() ?? [])].filter((message) => stageOf(message) === stage),
  };
}

export function principalOf(message: ArrivedMessage): NodeId {
  if ('reveal' in message) return message.reveal.principal;
  return 'commit' in message ? message.commit.body.principal : message.decline.body.principal;
}

function jobOf(message: ArrivedMessage): JobId {
  if ('reveal' in message) return message.reveal.job;
  return 'commit' in message ? message.commit.body.job : message.decline.body.job;
}

function stageOf(message: ArrivedMessage): Stage {
  if ('reveal' in message) return 'reveal';
  return 'commit' in message ? message.commit.body.stage : 'sealed';
}

function isSigned(message: ArrivedMessage): boolean {
  const by = principalOf(message);
  if ('reveal' in message) return message.reveal.worker === by && verifyReveal(message.reveal);
  return 'commit' in message
    ? message.commit.by === by &&
        message.commit.body.worker === by &&
        verifyBody(commitDomain, message.commit)
    : message.decline.by === by && verifyBody(declineDomain, message.decline);
}
