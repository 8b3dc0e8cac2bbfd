import { type NodeId, verifyBody } from '@market-of-experts/core';
import {
  assertGrant,
  type Commit,
  claimDomain,
  commitDomain,
  type Decline,
  declineDomain,
  type Grant,
  grantDomain,
  type Reveal,
  type SealedJob,
  verifyReveal,
} from '@market-of-experts/protocol';

export type ArrivedMessage =
  | { readonly commit: Commit; readonly grant?: Grant }
  | { readonly decline: Decline }
  | { readonly reveal: Reveal };

type Stage = 'sealed' | 'full' | 'reveal';

/** What has reached a witness about one job, by stage, in order: only from its seats and the friends that they called. */
export interface ArrivalBook {
  /** Takes the sender's first message of a stage; ignores what he did not sign and what comes after it. */
  record(message: ArrivedMessage, from: NodeId): void;
  of(stage: Stage): readonly ArrivedMessage[];
}

export function arrivalBook(
  job: SealedJob,
  /** Told of the first reveal: from then on work is delivered. */
  onReveal?: () => void,
): ArrivalBook {
  const messages = new Map<string, ArrivedMessage>();
  /** Who has worked for a seat: itself, and as many friends as it may call. */
  const authors = new Map<NodeId, Set<NodeId>>();
  let isDelivered = false;
  return {
    record(message, from) {
      const author = authorOf(message);
      const principal = principalOf(message);
      if (bodyOf(message).job !== job.id || !job.seats.includes(principal)) return;
      // Nobody can put words into another's mouth: the transport says who speaks.
      if (author !== from && !(isFirstSeal(message) && principal === from)) return;
      const key = `${stageOf(message)}/${principal}/${author}`;
      if (messages.has(key)) return;
      // A friend shows with its first message that it was called; later ones count only after that.
      const wasCalled = messages.has(`sealed/${principal}/${author}`);
      if (principal !== author && stageOf(message) !== 'sealed' && !wasCalled) return;
      const known = authors.get(principal) ?? new Set();
      if (!known.has(author) && known.size > job.roster.parameters.maximumClaims) return;
      // An unsigned message would be no use to the coordinator, but would excuse its sender from answering.
      if (!isSigned(message, job)) return;
      authors.set(principal, known.add(author));
      messages.set(key, message);
      if (isDelivered || !('reveal' in message)) return;
      isDelivered = true;
      onReveal?.();
    },
    of: (stage) => [...messages.values()].filter((message) => stageOf(message) === stage),
  };
}

export function principalOf(message: ArrivedMessage): NodeId {
  return bodyOf(message).principal;
}

function bodyOf(message: ArrivedMessage): Reveal | Commit['body'] | Decline['body'] {
  if ('reveal' in message) return message.reveal;
  return 'commit' in message ? message.commit.body : message.decline.body;
}

/** A friend's first seal is both the friend's and the member's to show: either may be held to have been late. */
function isFirstSeal(message: ArrivedMessage): boolean {
  return 'commit' in message && message.commit.body.stage === 'sealed';
}

/** Who works: the principal, or the friend that it has called. */
export function authorOf(message: ArrivedMessage): NodeId {
  const body = bodyOf(message);
  return 'worker' in body ? body.worker : body.principal;
}

function stageOf(message: ArrivedMessage): Stage {
  if ('reveal' in message) return 'reveal';
  return 'commit' in message ? message.commit.body.stage : 'sealed';
}

function isSigned(message: ArrivedMessage, job: SealedJob): boolean {
  if ('reveal' in message) return verifyReveal(message.reveal);
  if ('decline' in message)
    return message.decline.by === authorOf(message) && verifyBody(declineDomain, message.decline);
  const { commit, grant } = message;
  return (
    commit.by === commit.body.worker &&
    verifyBody(commitDomain, commit) &&
    (commit.body.worker === commit.body.principal ||
      commit.body.stage === 'full' ||
      (grant !== undefined && isGrantFor(commit, grant, job)))
  );
}

function isGrantFor(commit: Commit, grant: Grant, job: SealedJob): boolean {
  const { claim } = grant.body;
  if (claim.body.principal !== commit.body.principal || claim.body.worker !== commit.body.worker)
    return false;
  try {
    assertGrant(job, grant);
  } catch {
    return false;
  }
  return verifyBody(grantDomain, grant) && verifyBody(claimDomain, claim);
}
