import { encode, MoeError, type NodeId } from '@market-of-experts/core';
import type { Certificate, ClosedJob, Transcript } from '@market-of-experts/protocol';
import { certifyMs } from '../../job/job-times.ts';
import { witnessVoices } from '../../job/witness-voices.ts';
import { askSeats } from '../../messages/ask-seats.ts';
import { certifyResponseSchema, protocols } from '../../messages/protocols.ts';
import { ask, attempts, type ShardRun } from './shard-run.ts';

/**
 * Certificates are pure: the first body that two thirds of the witnesses sign is the outcome. They are asked again where too few
 * have answered: what is revealed is paid, so to give up would be to pay for nothing.
 */
export async function certifyStage(
  run: ShardRun,
  { id, draw }: ClosedJob,
  transcript: Transcript,
): Promise<Certificate> {
  const request = encode({ transcript });
  const deadlineMs = certifyMs(run.input.roster.parameters);
  const voices = witnessVoices({ id, draw });
  let failures: ReadonlyMap<NodeId, unknown> = new Map();
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    failures = await askSeats({
      seats: draw.witnesses,
      deadlineMs,
      graceMs: 0,
      clock: run.components.clock,
      signal: run.untilDone,
      ask: (seat, over) =>
        ask(run, seat, protocols.certify, request, certifyResponseSchema, deadlineMs, over),
      accept: voices.take,
      progress: () => (voices.agreed() === undefined ? 'waiting' : 'all'),
    });
    const agreed = voices.agreed();
    if (agreed !== undefined) return agreed;
  }
  throw new MoeError(
    'no-quorum',
    'Too few witnesses certified the job in time: it is charged only if they do so later. Try again.',
    { isRetryable: true, cause: [...failures.values()][0], metadata: { work: 'shown' } },
  );
}
