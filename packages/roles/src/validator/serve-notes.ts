import type { Clock } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { jobIdOf, type SealedStage } from '@market-of-experts/protocol';
import { type JobOpening, openingBytes, openOrderedJob } from '../job/job-request.ts';
import { refuse, serve } from '../messages/messaging.ts';
import { noteRequestSchema, protocols, voidRequestSchema } from '../messages/protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { MarketView } from '../view/market-view.ts';
import type { ClaimBook } from './claim-book.ts';
import { takeStage } from './delivered.ts';
import type { OrderNumbers } from './order-numbers.ts';
import { mayCloseUpTo } from './stand-ins.ts';
import type { WitnessedJob, WitnessedJobs } from './witnessed-jobs.ts';

export interface NoteComponents {
  readonly transport: Transport;
  readonly signer: GuardedSigner;
  readonly view: MarketView;
  readonly clock: Clock;
  readonly jobs: WitnessedJobs;
  readonly numbers: OrderNumbers;
  readonly claims: Pick<ClaimBook, 'all'>;
}

/**
 * Notes jobs that have come to their cut, for their coordinators only, and tells a gateway, or who stands in for it, whether an order
 * number of its client is void. A witness of the job keeps what was sealed: it could then certify the job without the coordinator.
 */
export function serveNotes(components: NoteComponents): void {
  const { transport, signer, view, clock, jobs, numbers } = components;
  serve(transport, protocols.note, noteRequestSchema, async (request, from) => {
    const { orders, roster, tickets, ...stage } = request;
    if (from !== orders[0]!.body.coordinator)
      refuse('Only the coordinator of an order may have its job noted.');
    const opening: JobOpening = { orders, roster, tickets };
    const job =
      jobs.known(jobIdOf(orders.map(({ body }) => body)))?.job ??
      (await openOrderedJob(opening, { view, clock }));
    const { cut } = stage;
    if (cut.body.job !== job.id) refuse('The cut is of another job.');
    if (job.draw.witnesses.includes(signer.node)) await keepStage(await jobs.open(opening), opening, stage);
    const { signature } = await numbers.note(job, cut.body);
    return { note: { node: signer.node, signature } };
  });
  serve(transport, protocols.void, voidRequestSchema, async ({ client, clientSeq }, from) => {
    const prepaid = view.prepaid(client);
    const isGateway = prepaid?.gateway === from;
    if (prepaid === undefined || !(isGateway || clientSeq < mayCloseUpTo(from, client, components)))
      refuse('The client has no money locked for this gateway.');
    if (clientSeq < prepaid.nextOrderSeq) refuse('An order with this number is settled already.');
    await numbers.ruleOut({ client, clientSeq });
    return { isVoid: true };
  });
}

/** A witness looks at all that was sealed, before anybody's work is shown on the strength of it. */
async function keepStage(witnessed: WitnessedJob, opening: JobOpening, stage: SealedStage): Promise<void> {
  const { job } = witnessed;
  const brought = openingBytes({ ...opening, roster: job.roster });
  if (Buffer.compare(openingBytes(job), brought) !== 0) refuse('This job has another draw.');
  await takeStage(witnessed, stage, async () => true);
}
