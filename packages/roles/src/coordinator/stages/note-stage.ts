import { encode, MoeError, type NodeId, verifySignatureAsync } from '@market-of-experts/core';
import { type Cut, type FullJob, type NodeSignature, noteDomain, noteOf } from '@market-of-experts/protocol';
import { mayNote } from '../../job/reveal-question.ts';
import { askSeats } from '../../messages/ask-seats.ts';
import { noteResponseSchema, protocols } from '../../messages/protocols.ts';
import { ask, attempts, type ShardRun } from './shard-run.ts';

/** Has all validators note the job, asking again who has not: what makes the experts reveal. Rejects with `no-quorum`. */
export async function noteStage(
  run: ShardRun,
  { orders, draw, tickets, commits, grants, declines }: FullJob,
  cut: Cut,
): Promise<NodeSignature[]> {
  const { view, clock } = run.components;
  const { rosterHash: roster } = run.input;
  const request = encode({ orders, roster, tickets, cut, commits, grants, declines });
  const deadlineMs = Math.max(5_000, run.input.roster.parameters.fullDeadlineMs);
  const bytes = encode([noteDomain, noteOf(orders, cut.body)]);
  const notes: NodeSignature[] = [];
  const isNoted = (): boolean =>
    mayNote(
      notes.map(({ node }) => node),
      draw,
      view,
    );
  let failures: ReadonlyMap<NodeId, unknown> = new Map();
  for (let attempt = 0; attempt < attempts && !isNoted(); attempt += 1)
    failures = await askSeats({
      seats: view.validators().filter((seat) => notes.every(({ node }) => node !== seat)),
      deadlineMs,
      graceMs: 0,
      clock,
      signal: run.untilDone,
      ask: (seat, over) => ask(run, seat, protocols.note, request, noteResponseSchema, deadlineMs, over),
      accept: async (seat, { note }) => {
        if (note.node === seat && (await verifySignatureAsync(seat, bytes, note.signature))) notes.push(note);
      },
      progress: () => (isNoted() ? 'all' : 'waiting'),
    });
  if (!isNoted())
    throw new MoeError('no-quorum', 'Too few validators noted the job. Nothing was charged. Try again.', {
      isRetryable: true,
      cause: [...failures.values()][0],
    });
  return notes;
}
