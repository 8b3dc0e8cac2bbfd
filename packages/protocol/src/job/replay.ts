import { MoeError, verifyBodyAsync } from '@moe/core';
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
  openJob,
  receiveCommit,
  receiveDecline,
  receiveFullCommit,
  receiveReveal,
} from './phases.ts';

/** Checks every signature of a transcript. Throws `bad-signature`, which says whose. */
export async function verifyTranscriptSignatures(transcript: Transcript): Promise<void> {
  const messages = [
    [orderDomain, transcript.order],
    [cutDomain, transcript.cut],
    ...transcript.commits.map((commit) => [commitDomain, commit] as const),
    ...transcript.fullCommits.map((commit) => [commitDomain, commit] as const),
    ...transcript.grants.map((grant) => [grantDomain, grant] as const),
    ...transcript.grants.map(({ body }) => [claimDomain, body.claim] as const),
    ...transcript.declines.map((decline) => [declineDomain, decline] as const),
    ...transcript.arrivals.map((record) => [arrivalDomain, record] as const),
  ] as const;
  const valid = await Promise.all(messages.map(([domain, message]) => verifyBodyAsync(domain, message)));
  const wrong = valid.indexOf(false);
  if (wrong >= 0) {
    const [domain, message] = messages[wrong]!;
    throw new MoeError(
      'bad-signature',
      `The signature of ${message.by.slice(0, 12)} on ${domain} is not valid.`,
    );
  }
  for (const reveal of transcript.reveals)
    if (!verifyReveal(reveal))
      throw new MoeError(
        'bad-signature',
        `The signature of ${reveal.worker.slice(0, 12)} on its reveal is not valid.`,
      );
}

/**
 * Runs a transcript through the same transitions that the coordinator went through. Throws `message-refused`
 * or `no-quorum` when it could not have happened. Tickets are checked with their signatures by `openJob`.
 */
export function replayTranscript(transcript: Transcript, roster: Roster): ClosedJob {
  if (rosterHash(roster) !== transcript.roster)
    throw new MoeError('message-refused', 'The transcript is about another roster.');
  let sealed = openJob(transcript.order, roster, transcript.tickets);
  for (const decline of transcript.declines) sealed = receiveDecline(sealed, decline);
  for (const commit of transcript.commits)
    sealed = receiveCommit(sealed, commit, grantOf(transcript, commit));
  if (sealed.grants.length !== transcript.grants.length)
    throw new MoeError('message-refused', 'The transcript has a grant that no commit used.');
  const { cut, order } = transcript;
  if (
    cut.by !== order.body.coordinator ||
    cut.body.job !== sealed.id ||
    cut.body.seals.join() !== transcript.commits.map(({ body }) => body.seal).join()
  )
    throw new MoeError('message-refused', "The cut is not the coordinator's list of these commits.");
  const recorded = new Set<string>();
  for (const { by, body } of transcript.arrivals) {
    if (body.job !== sealed.id || !sealed.draw.witnesses.includes(by as never))
      throw new MoeError('message-refused', 'An arrival record is not by a witness of this job.');
    // Records are counted against a member: each witness has one voice at each stage.
    if (recorded.has(`${by}/${body.stage}`))
      throw new MoeError('message-refused', 'A witness has two arrival records of one stage.');
    recorded.add(`${by}/${body.stage}`);
  }
  let full = cutJob(sealed);
  for (const commit of transcript.fullCommits) full = receiveFullCommit(full, commit);
  let reveal = closeFull(full);
  for (const message of transcript.reveals) reveal = receiveReveal(reveal, message);
  return closeReveal(reveal);
}

/** The grant under which a commit was made, if its worker is not its principal. */
function grantOf({ grants }: Transcript, { body }: Commit): Grant | undefined {
  if (body.worker === body.principal) return undefined;
  return grants.find(
    ({ body: { claim } }) => claim.body.principal === body.principal && claim.body.worker === body.worker,
  );
}
