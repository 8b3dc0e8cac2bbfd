import { encode } from '@market-of-experts/core';
import {
  assignmentHash,
  declineDomain,
  equivocationOf,
  receiveCommit,
  receiveDecline,
  type SealedJob,
  sealedProgress,
} from '@market-of-experts/protocol';
import { askSeats } from '../../messages/ask-seats.ts';
import { protocols, sealedResponseSchema } from '../../messages/protocols.ts';
import { noTimeReason } from '../../view/pace.ts';
import { collectArrivals, takeUp } from './arrivals.ts';
import { type AskedQuestion, assertAbout } from './asked-question.ts';
import { ask, reportStage, type ShardRun } from './shard-run.ts';
import { assertCommitSigned, assertSigned, type GrantedCommit } from './signed-answers.ts';

/** Has the drawn experts seal what they answer to the first list, or decline. */
export async function sealedStage(
  run: ShardRun,
  opened: SealedJob,
  { question, opened: asked, whole, lists }: AskedQuestion,
): Promise<SealedJob> {
  const { orders, roster, rosterHash, signal } = run.input;
  const request = encode({
    orders,
    roster: rosterHash,
    tickets: opened.tickets,
    first: { texts: question.first, salt: whole.salts.first },
    positions: whole.positions,
    assignment: assignmentHash(asked.assignment, asked.salt),
  });
  let job = opened;
  const deadlineMs = roster.parameters.sealedDeadlineMs;
  const startedMs = run.components.clock.steadyMs();
  const answersMs: number[] = [];
  await askSeats({
    seats: job.seats,
    deadlineMs,
    graceMs: roster.parameters.cutGraceMs,
    clock: run.components.clock,
    signal,
    ask: (seat, over) => ask(run, seat, protocols.sealed, request, sealedResponseSchema, deadlineMs, over),
    accept: async (_, answer) => {
      if ('commit' in answer) {
        await assertCommitSigned(answer);
        assertAbout(lists.first, answer.commit);
        job = receiveGranted(run, job, answer);
        answersMs.push(run.components.clock.steadyMs() - startedMs);
        run.latenciesMs.set(answer.commit.body.worker, run.components.clock.steadyMs() - startedMs);
      } else {
        await assertSigned(declineDomain, answer.decline);
        job = receiveDecline(job, answer.decline);
        if (answer.decline.body.reason !== noTimeReason)
          answersMs.push(run.components.clock.steadyMs() - startedMs);
      }
    },
    progress: () => sealedProgress(job),
  });
  reportStage(run, job.seats.length, answersMs, deadlineMs);
  const answered = new Set([...job.commits, ...job.declines].map(({ body }) => body.principal));
  if (answered.size < job.seats.length)
    for (const message of await collectArrivals(run, job, 'sealed', request))
      job = await takeUp(job, async () => {
        if ('commit' in message) {
          await assertCommitSigned(message);
          assertAbout(lists.first, message.commit);
          return receiveGranted(run, job, message);
        }
        if (!('decline' in message)) return job;
        await assertSigned(declineDomain, message.decline);
        return receiveDecline(job, message.decline);
      });
  return job;
}

/** Takes a commit in. One that comes too late because its worker serves another member is evidence. */
function receiveGranted(run: ShardRun, job: SealedJob, { commit, grant }: GrantedCommit): SealedJob {
  const other = grant && job.grants.find(({ by }) => by === grant.by);
  if (grant !== undefined && other !== undefined) {
    const statements = [
      { kind: 'grant', signed: other },
      { kind: 'grant', signed: grant },
    ] as const;
    if (equivocationOf(...statements) !== undefined)
      run.components.onEquivocation?.(
        statements,
        job.orders.map(({ body }) => body),
      );
  }
  return receiveCommit(job, commit, grant);
}
