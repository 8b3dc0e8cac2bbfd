import { encode } from '@market-of-experts/core';
import { commitDomain, type FullJob, receiveFullCommit, type Transcript } from '@market-of-experts/protocol';
import { askSeats } from '../../messages/ask-seats.ts';
import { fullResponseSchema, protocols } from '../../messages/protocols.ts';
import { collectArrivals, takeUp } from './arrivals.ts';
import { type AskedQuestion, assertAbout } from './asked-question.ts';
import { ask, reportStage, type ShardRun } from './shard-run.ts';
import { assertSigned } from './signed-answers.ts';

/** Has those who are in the cut work on the second list, and seal that. */
export async function fullStage(
  run: ShardRun,
  opened: FullJob,
  cut: Transcript['cut'],
  { question, whole, lists }: AskedQuestion,
): Promise<FullJob> {
  const { roster } = run.input;
  const second = { texts: question.second, salt: whole.salts.second };
  const request = encode({ job: opened.id, cut, second });
  const seats = opened.commits.map(({ body }) => body.worker);
  const deadlineMs = roster.parameters.fullDeadlineMs;
  const startedMs = run.components.clock.steadyMs();
  const answersMs: number[] = [];
  let job = opened;
  await askSeats({
    seats,
    deadlineMs,
    graceMs: deadlineMs,
    clock: run.components.clock,
    signal: run.untilDone,
    ask: (seat, over) => ask(run, seat, protocols.full, request, fullResponseSchema, deadlineMs, over),
    accept: async (_, { commit }) => {
      await assertSigned(commitDomain, commit);
      assertAbout(lists.second, commit);
      job = receiveFullCommit(job, commit);
      answersMs.push(run.components.clock.steadyMs() - startedMs);
    },
    progress: () => (job.fullCommits.length === seats.length ? 'all' : 'waiting'),
  });
  reportStage(run, seats.length, answersMs, deadlineMs);
  if (job.fullCommits.length < seats.length)
    for (const message of await collectArrivals(run, job, 'full', request, run.untilDone))
      if ('commit' in message)
        job = await takeUp(job, async () => {
          await assertSigned(commitDomain, message.commit);
          assertAbout(lists.second, message.commit);
          return receiveFullCommit(job, message.commit);
        });
  return job;
}
