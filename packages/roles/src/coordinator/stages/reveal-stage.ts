import { encode } from '@market-of-experts/core';
import { type Cut, type NodeSignature, type RevealJob, receiveReveal } from '@market-of-experts/protocol';
import { hasEnoughSealed } from '../../job/reveal-question.ts';
import { askSeats } from '../../messages/ask-seats.ts';
import { protocols, revealResponseSchema } from '../../messages/protocols.ts';
import { collectArrivals, takeUp } from './arrivals.ts';
import type { AskedQuestion } from './asked-question.ts';
import { ask, type ShardRun } from './shard-run.ts';
import { assertRevealed } from './signed-answers.ts';

/** What experts open their seals for. */
interface NotedCut {
  readonly cut: Cut;
  readonly notes: readonly NodeSignature[];
  readonly asked: AskedQuestion;
}

/** Where too few have sealed their work nobody reveals: what there is cannot be judged. */
export async function revealStage(
  run: ShardRun,
  opened: RevealJob,
  { cut, notes, asked }: NotedCut,
): Promise<RevealJob> {
  const { roster } = run.input;
  const { id: job, fullCommits, grants } = opened;
  const principals = new Set(fullCommits.map(({ body }) => body.principal));
  if (!hasEnoughSealed(opened, principals, cut.body)) return opened;
  const request = encode({
    job,
    cut,
    fullCommits,
    grants,
    notes,
    question: asked.opened,
    whole: asked.whole,
  });
  const deadlineMs = roster.parameters.revealDeadlineMs;
  let revealed = opened;
  await askSeats({
    seats: opened.fullCommits.map(({ body }) => body.worker),
    deadlineMs,
    graceMs: deadlineMs,
    clock: run.components.clock,
    signal: run.untilDone,
    ask: (seat, over) => ask(run, seat, protocols.reveal, request, revealResponseSchema, deadlineMs, over),
    accept: (_, { reveal }) => {
      assertRevealed(reveal);
      revealed = receiveReveal(revealed, reveal);
    },
    progress: () => (revealed.reveals.length === fullCommits.length ? 'all' : 'waiting'),
  });
  if (revealed.reveals.length < fullCommits.length)
    for (const message of await collectArrivals(run, revealed, 'reveal', request, run.untilDone))
      if ('reveal' in message)
        revealed = await takeUp(revealed, async () => {
          assertRevealed(message.reveal);
          return receiveReveal(revealed, message.reveal);
        });
  return revealed;
}
