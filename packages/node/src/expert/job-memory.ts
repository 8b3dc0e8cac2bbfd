import type { Clock, Hash, JobId, NodeId } from '@moe/core';
import type { Reveal, SealedJob } from '@moe/protocol';
import { refuse } from '../market/messaging.ts';

/** What an expert remembers between the stages of a job in which it works, for itself or for who called it. */
export interface JobInHand {
  readonly job: SealedJob;
  readonly kept: string;
  readonly principal: NodeId;
  readonly expiresMs: number;
  sealed?: { readonly vector: Int16Array; readonly salt: Uint8Array; readonly seal: Hash };
  full?: { readonly cut: string; readonly answer: () => Promise<unknown> };
  revealed?: { readonly seal: Hash; readonly reveal: Reveal };
}

/** Jobs in hand, done, and ever served: bounded, each job once. */
export interface JobMemory {
  /** False when as many jobs are in hand as this expert takes. */
  hasRoom(): boolean;
  /** A job in hand or done lately. */
  known(id: JobId): JobInHand | undefined;
  /** The same; throws `message-refused` when there is none. */
  of(id: JobId): JobInHand;
  wasServed(id: JobId): boolean;
  take(job: SealedJob, kept: string, principal: NodeId): JobInHand;
  /** Ends a job, which stays known for those who ask again. */
  finish(id: JobId): void;
}

/** Orders that are remembered as served, so that they are not served again. */
const maxServed = 65_536;

export function jobMemory(clock: Clock, maxJobs: number): JobMemory {
  const inHand = new Map<JobId, JobInHand>();
  const done = new Map<JobId, JobInHand>();
  /** Until when an order that was served could come again. */
  const served = new Map<JobId, number>();

  const forgetExpired = (): void => {
    const nowMs = clock.nowMs();
    for (const [id, job] of inHand) {
      if (job.expiresMs > nowMs) break;
      inHand.delete(id);
    }
    for (const [id, untilMs] of served) {
      if (untilMs > nowMs && served.size <= maxServed) break;
      served.delete(id);
    }
  };
  const known = (id: JobId): JobInHand | undefined => {
    forgetExpired();
    return inHand.get(id) ?? done.get(id);
  };
  return {
    hasRoom() {
      forgetExpired();
      return inHand.size < maxJobs;
    },
    known,
    of: (id) => known(id) ?? refuse('This expert has no part in the job.'),
    wasServed: (id) => served.has(id),
    take(job, kept, principal) {
      const state: JobInHand = { job, kept, principal, expiresMs: clock.nowMs() + lifetimeMs(job) };
      served.set(job.id, job.order.body.deadlineMs + job.roster.parameters.maximumClockSkewMs);
      inHand.set(job.id, state);
      return state;
    },
    finish(id) {
      const state = inHand.get(id);
      if (state === undefined) return;
      inHand.delete(id);
      done.set(id, state);
      if (done.size > maxJobs) done.delete(done.keys().next().value!);
    },
  };
}

function lifetimeMs(job: SealedJob): number {
  const { sealedDeadlineMs, fullDeadlineMs, revealDeadlineMs, maximumClockSkewMs } = job.roster.parameters;
  // A clock that is set forward in mid-job must not make the expert forget what it has sealed.
  return 2 * (sealedDeadlineMs + fullDeadlineMs + revealDeadlineMs) + maximumClockSkewMs;
}
