import { type Clock, verifyBodyAsync } from '@moe/core';
import { openJob, orderDomain, type SealedJob } from '@moe/protocol';
import type { z } from 'zod';
import type { MarketView } from '../market/market-view.ts';
import { refuse } from '../market/messaging.ts';
import { assertPayable } from '../market/payable-order.ts';
import type { sealedRequestSchema } from '../protocols.ts';

export type JobRequest = z.infer<typeof sealedRequestSchema>;

/**
 * The job that a request is about, once order, tickets and draw are found to be in order. What costs money or
 * another's work begins here, whoever passes the request on. Throws `message-refused`.
 */
export async function openRequestedJob(
  request: JobRequest,
  { view, clock }: { readonly view: MarketView; readonly clock: Clock },
): Promise<SealedJob> {
  const { order, tickets, kept } = request;
  const roster = view.rosterOf(request.roster) ?? refuse('The roster of this job is not known here.');
  assertPayable(view, roster, order.body, clock.nowMs());
  if (!(await verifyBodyAsync(orderDomain, order))) refuse('The signature of the order is not valid.');
  const job = openJob(order, roster, tickets);
  if (Buffer.byteLength(kept) > order.body.bytes)
    refuse('The kept half is longer than the datum that was ordered.');
  return job;
}
