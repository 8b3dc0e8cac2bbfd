import { MoeError, type Signed, verifyBodyAsync } from '@market-of-experts/core';
import { type Roster, rosterHash } from '../draw/shard.ts';
import { claimDomain, type Grant, grantDomain } from './claims.ts';
import {
  arrivalDomain,
  type Commit,
  commitDomain,
  cutDomain,
  declineDomain,
  orderDomain,
  type Transcript,
  verifyReveal,
} from './messages.ts';
import {
  type ClosedJob,
  closeFull,
  closeReveal,
  cutJob,
  type FullJob,
  openJob,
  receiveCommit,
  receiveDecline,
  receiveFullCommit,
  receiveReveal,
  type SealedJob,
} from './phases.ts';
import { isAssignmentOf, listsOf } from './question.ts';

/** What is said in the first stage of a job, up to its cut. */
export type SealedStage = Pick<Transcript, 'commits' | 'grants' | 'declines' | 'cut'>;

/** Checks every signature of a transcript. Throws `bad-signature`, which says whose. */
export async function verifyTranscriptSignatures(transcript: Transcript): Promise<void> {
  await verifyAll([
    ...transcript.orders.map((order) => [orderDomain, order] as const),
    ...messagesOf(transcript),
    ...transcript.fullCommits.map((commit) => [commitDomain, commit] as const),
    ...transcript.arrivals.map((record) => [arrivalDomain, record] as const),
  ]);
  for (const reveal of transcript.reveals)
    if (!verifyReveal(reveal))
      throw new MoeError(
        'bad-signature',
        `The signature of ${reveal.worker.slice(0, 12)} on its reveal is not valid.`,
      );
}

/** The same for the first stage alone. */
export function verifySealedSignatures(stage: SealedStage): Promise<void> {
  return verifyAll(messagesOf(stage));
}

type DomainMessage = readonly [domain: string, message: Signed<unknown>];

function messagesOf({ cut, commits, grants, declines }: SealedStage): DomainMessage[] {
  return [
    [cutDomain, cut],
    ...commits.map((commit) => [commitDomain, commit] as const),
    ...grants.map((grant) => [grantDomain, grant] as const),
    ...grants.map(({ body }) => [claimDomain, body.claim] as const),
    ...declines.map((decline) => [declineDomain, decline] as const),
  ];
}

async function verifyAll(messages: readonly DomainMessage[]): Promise<void> {
  const valid = await Promise.all(messages.map(([domain, message]) => verifyBodyAsync(domain, message)));
  const wrong = valid.indexOf(false);
  if (wrong >= 0) {
    const [domain, message] = messages[wrong]!;
    throw new MoeError(
      'bad-signature',
      `The signature of ${message.by.slice(0, 12)} on ${domain} is not valid.`,
    );
  }
}

/**
 * Runs a transcript through the same transitions that the coordinator went through. Throws `message-refused`
 * or `no-quorum` when it could not have happened. Tickets are checked with their signatures by `openJob`.
 */
export function replayTranscript(transcript: Transcript, roster: Roster): ClosedJob {
  if (rosterHash(roster) !== transcript.roster)
    throw new MoeError('message-refused', 'The transcript is about another roster.');
  const cut = replaySealed(openJob(transcript.orders, roster, transcript.tickets), transcript);
  const recorded = new Set<string>();
  for (const { by, body } of transcript.arrivals) {
    if (body.job !== cut.id || !cut.draw.witnesses.includes(by as never))
      throw new MoeError('message-refused', 'An arrival record is not by a witness of this job.');
    // Records are counted against a member: each witness has one voice at each stage.
    if (recorded.has(`${by}/${body.stage}`))
      throw new MoeError('message-refused', 'A witness has two arrival records of one stage.');
    recorded.add(`${by}/${body.stage}`);
  }
  assertAsked(transcript, cut.orders.length);
  let full = cut;
  for (const commit of transcript.fullCommits) full = receiveFullCommit(full, commit);
  let reveal = closeFull(full);
  for (const message of transcript.reveals) reveal = receiveReveal(reveal, message);
  return closeReveal(reveal);
}

/** Everybody sealed answers to the same lists, with the same assignment. */
function assertAsked({ question, commits, fullCommits }: Transcript, data: number): void {
  const { first, second } = listsOf(question);
  if (
    !isAssignmentOf(question, data) ||
    commits.some(({ body }) => body.list !== first) ||
    fullCommits.some(({ body }) => body.list !== second)
  )
    throw new MoeError('message-refused', 'The question is not the one that the seals are about.');
}

/** Runs the first stage of an opened job, up to its cut. Throws as {@link replayTranscript} does. */
export function replaySealed(opened: SealedJob, stage: SealedStage): FullJob {
  let sealed = opened;
  for (const decline of stage.declines) sealed = receiveDecline(sealed, decline);
  for (const commit of stage.commits) sealed = receiveCommit(sealed, commit, grantOf(stage, commit));
  if (sealed.grants.length !== stage.grants.length)
    throw new MoeError('message-refused', 'The transcript has a grant that no commit used.');
  const { cut } = stage;
  if (
    cut.by !== sealed.coordinator ||
    cut.body.job !== sealed.id ||
    cut.body.seals.join() !== stage.commits.map(({ body }) => body.seal).join()
  )
    throw new MoeError('message-refused', "The cut is not the coordinator's list of these commits.");
  return cutJob(sealed);
}

/** The grant under which a commit was made, if its worker is not its principal. */
function grantOf({ grants }: SealedStage, { body }: Commit): Grant | undefined {
  if (body.worker === body.principal) return undefined;
  return grants.find(
    ({ body: { claim } }) => claim.body.principal === body.principal && claim.body.worker === body.worker,
  );
}
