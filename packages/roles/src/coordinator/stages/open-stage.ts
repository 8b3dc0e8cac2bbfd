import { encode, MoeError, type NodeId } from '@market-of-experts/core';
import { jobIdOf, openJob, type SealedJob, type Ticket, ticketValidators } from '@market-of-experts/protocol';
import { protocols, ticketResponseSchema } from '../../messages/protocols.ts';
import { ask, type ShardRun } from './shard-run.ts';

/** Collects the tickets and draws the shard. */
export async function openStage(run: ShardRun): Promise<SealedJob> {
  const { orders, roster, rosterHash, signal } = run.input;
  const request = encode({ orders, roster: rosterHash });
  const timeoutMs = Math.max(2_000, roster.parameters.sealedDeadlineMs / 2);
  const ticketOf = async (validator: NodeId): Promise<Ticket> =>
    (await ask(run, validator, protocols.ticket, request, ticketResponseSchema, timeoutMs, signal)).ticket;
  const job = jobIdOf(orders.map(({ body }) => body));
  let tickets: Ticket[];
  try {
    tickets = await Promise.all(ticketValidators(roster, job).map(ticketOf));
  } catch (cause) {
    signal.throwIfAborted();
    throw new MoeError('no-quorum', 'A validator gave no ticket. Nothing was charged. Try again.', {
      isRetryable: true,
      cause,
    });
  }
  return openJob(orders, roster, tickets);
}
