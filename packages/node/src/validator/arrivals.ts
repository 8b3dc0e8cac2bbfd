import { type Clock, type JobId, type NodeId, verifyBody } from '@moe/core';
import {
  type Commit,
  claimDomain,
  commitDomain,
  type Decline,
  declineDomain,
  type Grant,
  grantDomain,
  type Reveal,
  verifyReveal,
} from '@moe/protocol';

export type ArrivedMessage =
  | { readonly commit: Commit; readonly grant?: Grant | undefined }
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
      const author = authorOf(message);
      if (author !== from && !(isCommit(message) && principalOf(message) === from)) return;
      const job = jobOf(message);
      const known = jobs.get(job)?.messages;
      const key = `${stageOf(message)}/${principalOf(message)}/${author}`;
      if (known !== undefined && (known.has(key) || known.size >= maxMessages)) return;
      // A friend shows with its first message that it was called; later ones count only after that.
      const wasCalled = known?.has(`sealed/${principalOf(message)}/${author}`) === true;
      if (principalOf(message) !== author && stageOf(message) !== 'sealed' && !wasCalled) return;
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

/** A friend's first seal is both the friend's and the member's to show: either may be held to have been late. */
function isCommit(message: ArrivedMessage): boolean {
  return 'commit' in message && message.commit.body.stage === 'sealed';
}

/** Who works: the principal, or the friend that it has called. */
function authorOf(message: ArrivedMessage): NodeId {
  if ('reveal' in message) return message.reveal.worker;
  return 'commit' in message ? message.commit.body.worker : message.decline.body.principal;
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
  if ('reveal' in message) return verifyReveal(message.reveal);
  if ('decline' in message)
    return message.decline.by === authorOf(message) && verifyBody(declineDomain, message.decline);
  const { commit, grant } = message;
  return (
    commit.by === commit.body.worker &&
    verifyBody(commitDomain, commit) &&
    (commit.body.worker === commit.body.principal ||
      commit.body.stage === 'full' ||
      (grant !== undefined && isGrantFor(commit, grant)))
  );
}

function isGrantFor(commit: Commit, grant: Grant): boolean {
  const { claim } = grant.body;
  return (
    grant.by === commit.body.worker &&
    claim.by === commit.body.principal &&
    claim.body.principal === claim.by &&
    claim.body.worker === grant.by &&
    claim.body.job === commit.body.job &&
    verifyBody(grantDomain, grant) &&
    verifyBody(claimDomain, claim)
  );
}
