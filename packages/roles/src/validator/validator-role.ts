import type { Clock, Hash, NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { certificateDomain, jobIdOf, jobTermsOf, ticketValidators } from '@market-of-experts/protocol';
import { assertOrdersSigned } from '../job/job-request.ts';
import { assertEndsSoon, assertPayable } from '../job/payable-order.ts';
import { refuse, serve } from '../messages/messaging.ts';
import { certifyRequestSchema, protocols, ticketRequestSchema } from '../messages/protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { MarketView } from '../view/market-view.ts';
import type { ClaimBook } from './claim-book.ts';
import { leftOut } from './delivered.ts';
import { orderNumbers } from './order-numbers.ts';
import { outcomeSigner } from './outcome-signer.ts';
import { serveArrivals } from './serve-arrivals.ts';
import { serveNotes } from './serve-notes.ts';
import type { SettledWork, Testimony } from './settled-work.ts';
import { serveSettlements } from './settlement-check.ts';
import type { TicketBook } from './ticket-book.ts';
import { withoutCoordinator } from './without-coordinator.ts';
import { witnessedJobs } from './witnessed-jobs.ts';

export interface ValidatorInit {
  readonly signer: GuardedSigner;
  /** Default the truth. */
  readonly testimony?: Testimony;
}

export interface ValidatorComponents {
  readonly transport: Transport;
  readonly view: MarketView;
  readonly clock: Clock;
  /** The list with the root that the job's roster holds for this validator. */
  readonly tickets: (root: Hash | undefined) => TicketBook;
  /** What it ranks experts by; default: it ranks nobody. */
  readonly work?: Pick<SettledWork, 'witnessed' | 'verified'>;
  /** Certified jobs that nobody has settled. Default: none are kept, and witnesses certify nothing alone. */
  readonly claims?: ClaimBook;
}

export interface ValidatorRole {
  readonly id: NodeId;
  /** Watches over no job any more. What it serves ends with its connection. */
  close(): Promise<void>;
}

/**
 * A validator: releases tickets for signed orders, witnesses arrivals, recomputes every job that it is drawn
 * for from the transcript alone, and signs settlements that it can verify.
 */
export function validatorRole(init: ValidatorInit): (components: ValidatorComponents) => ValidatorRole {
  return ({ transport, view, clock, tickets, work, claims }) => {
    const { signer } = init;
    const self = signer.node;
    const jobs = witnessedJobs({
      signer,
      view,
      clock,
      tickets,
      onDelivered: (witnessed) => alone?.watch(witnessed) === true,
    });
    const outcomes = outcomeSigner({ self, view, testimony: init.testimony, work });
    const alone =
      claims === undefined
        ? undefined
        : withoutCoordinator({ transport, view, clock, jobs, outcomes, claims });

    const book = claims ?? noClaims;
    const numbers = orderNumbers({ signer, view, clock, claims: book });

    serve(transport, protocols.ticket, ticketRequestSchema, async ({ orders, roster }, from) => {
      const known = view.rosterOf(roster) ?? refuse('The roster of this job is not known here.');
      const bodies = orders.map(({ body }) => body);
      if (orders.some(({ by, body }) => from !== body.coordinator || by !== body.client))
        refuse('An order is signed by its client and brought by its coordinator.');
      jobTermsOf(orders, known);
      assertPayable(view, known, bodies, clock.nowMs());
      assertEndsSoon(known, bodies, clock.nowMs());
      const job = jobIdOf(bodies);
      if (!ticketValidators(known, job).includes(self))
        refuse('This validator has no ticket duty for the order.');
      await assertOrdersSigned(orders);
      const root = known.validators.find(({ node }) => node === self)?.ticketRoot;
      numbers.draw(bodies, job);
      return { ticket: tickets(root).release(job) };
    });

    serveArrivals(transport, signer, view, jobs);
    serveNotes({ transport, signer, view, clock, jobs, numbers, claims: book });

    serve(transport, protocols.certify, certifyRequestSchema, async ({ transcript }, from) => {
      if (from !== transcript.orders[0]!.body.coordinator)
        refuse('Only the coordinator of an order may have its job certified.');
      const witnessed = await jobs.open(transcript);
      const lacking = leftOut(witnessed, transcript, true);
      if (lacking.length > 0)
        refuse(`The transcript leaves out what ${lacking.length} experts have shown to this witness.`);
      return outcomes.sign(witnessed, transcript, certificateDomain);
    });

    const onSigned = work?.verified;
    serveSettlements({ signer, transport, view, numbers, claims: book, clock, onSigned });
    return {
      id: self,
      close: async () => alone?.close(),
    };
  };
}

const noClaims: Pick<ClaimBook, 'of' | 'all'> = { of: () => undefined, all: () => [] };
