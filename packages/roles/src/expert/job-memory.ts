import type { Clock, Hash, JobId, NodeId } from '@market-of-experts/core';
import type { Answer, CutBody, Reveal, SealedJob } from '@market-of-experts/protocol';
import type { FirstList } from '../job/job-request.ts';
import { jobMs } from '../job/job-times.ts';
import type { RevealReasons } from '../job/reveal-question.ts';
import { refuse } from '../messages/messaging.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { JobPen } from '../signing/job-pen.ts';

/** What an expert remembers between the stages of a job in which it works, for itself or for who called it. */
export interface JobInHand {
  readonly job: SealedJob;
  readonly first: FirstList;
  readonly principal: NodeId;
  /** By steady time: a clock that is set in mid-job must not make the expert forget what it has sealed. */
  readonly expiresMs: number;
  readonly pen: JobPen;
  sealed?: { readonly answers: Answer['first']; readonly salt: Uint8Array; readonly seal: Hash };
  full?: { readonly cut: CutBody; readonly list: Hash; readonly answer: () => Promise<unknown> };
  /** Its coordinator gets no reveal after it; witnesses, who ask for it, do yet. */
  readonly revealsUntilMs: number;
  /** Questions to reveal that were none, by who asked. */
  readonly wrongQuestions: Map<NodeId, number>;
  /** Why it has revealed: validators' notes of the job, and what was asked. */
  reasons?: RevealReasons;
  revealed?: { readonly seal: Hash; readonly reveal: Reveal };
}

/** What an expert says in a job, also in one where it only answers claims. */
export interface JobPart {
  readonly pen: JobPen;
  /** The one answer to every claim, by the claim's hash. */
  readonly answers: Map<Hash, Promise<unknown>>;
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
  /**
   * The expert's part in a job, new or remembered. Throws `signed-already` or `signed-past` for a job of which it has
   * forgotten what it said, as after a restart: it says nothing more in that.
   */
  part(job: SealedJob): JobPart;
  /** Begins to work in a job. Throws as `part` does. */
  take(job: SealedJob, first: FirstList, principal: NodeId): JobInHand;
  /** Ends a job, which stays known for those who ask again. */
  finish(id: JobId): void;
}

/** Orders that are remembered as served, so that they are not served again; the guard knows the others. */
const maxServed = 65_536;
/** Parts in jobs that are remembered; the oldest go first, and their claims get no answer any more. */
const maxParts = 4_096;

export function jobMemory(clock: Clock, maxJobs: number, signer: GuardedSigner): JobMemory {
  const inHand = new Map<JobId, JobInHand>();
  const done = new Map<JobId, JobInHand>();
  const parts = new Map<JobId, JobPart>();
  /** Until when an order that was served could come again. */
  const served = new Map<JobId, { readonly atMs: number; readonly steadyMs: number }>();

  const forgetExpired = (): void => {
    const nowMs = clock.nowMs();
    const steadyMs = clock.steadyMs();
    for (const [id, job] of inHand) {
      if (job.expiresMs > steadyMs) break;
      inHand.delete(id);
    }
    for (const [id, until] of served) {
      // By either clock: one that is set forward for a while must not make an order new again.
      const isDue = until.atMs <= nowMs && until.steadyMs <= steadyMs;
      if (!isDue && served.size <= maxServed) break;
      served.delete(id);
    }
  };
  const known = (id: JobId): JobInHand | undefined => {
    forgetExpired();
    return inHand.get(id) ?? done.get(id);
  };
  const part = (job: SealedJob): JobPart => {
    const remembered = parts.get(job.id);
    if (remembered !== undefined) return remembered;
    const opened: JobPart = { pen: signer.openJob(job.id, lastAskedMs(job)), answers: new Map() };
    parts.set(job.id, opened);
    if (parts.size > maxParts) parts.delete(parts.keys().next().value!);
    return opened;
  };
  return {
    hasRoom() {
      forgetExpired();
      return inHand.size < maxJobs;
    },
    known,
    of: (id) => known(id) ?? refuse('This expert has no part in the job.'),
    wasServed: (id) => served.has(id),
    part,
    take(job, first, principal) {
      const { pen } = part(job);
      const revealsUntilMs = clock.steadyMs() + jobMs(job.roster.parameters);
      const state: JobInHand = {
        job,
        first,
        principal,
        pen,
        wrongQuestions: new Map(),
        revealsUntilMs,
        expiresMs: revealsUntilMs + job.roster.parameters.revealDeadlineMs,
      };
      const atMs = lastAskedMs(job);
      served.set(job.id, { atMs, steadyMs: clock.steadyMs() + atMs - clock.nowMs() });
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

/** After this, by its own clock, an expert opens no job of the order. */
function lastAskedMs({ deadlineMs, roster }: SealedJob): number {
  return deadlineMs + roster.parameters.maximumClockSkewMs;
}
