import { type Clock, type Hash, type NodeId, verifyBodyAsync } from '@moe/core';
import type { Transport } from '@moe/network';
import {
  certificateDomain,
  certifyJob,
  jobIdOf,
  type OrderBody,
  orderDomain,
  replayTranscript,
  ticketValidators,
  verifyTranscriptSignatures,
} from '@moe/protocol';
import type { MarketView } from '../market/market-view.ts';
import { refuse, serve } from '../market/messaging.ts';
import { assertEndsSoon, assertPayable } from '../market/payable-order.ts';
import { certifyRequestSchema, protocols, ticketRequestSchema } from '../protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { ClaimBook } from './claim-book.ts';
import { orderNumbers } from './order-numbers.ts';
import { serveArrivals } from './serve-arrivals.ts';
import { serveNotes } from './serve-notes.ts';
import type { SettledWork, Testimony } from './settled-work.ts';
import { serveSettlements } from './settlement-check.ts';
import type { TicketBook } from './ticket-book.ts';
import { type WitnessedJob, witnessedJobs } from './witnessed-jobs.ts';

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
  /** Certified jobs that nobody has settled; default none. */
  readonly claims?: Pick<ClaimBook, 'of'>;
}

/**
 * A validator: releases tickets for signed orders, witnesses arrivals, recomputes every job that it is drawn
 * for from the transcript alone, and signs settlements that it can verify.
 */
export function validatorRole(
  init: ValidatorInit,
): (components: ValidatorComponents) => { readonly id: NodeId } {
  return ({ transport, view, clock, tickets, work, claims }) => {
    const { signer } = init;
    const self = signer.node;
    const jobs = witnessedJobs({ signer, view, clock, tickets });
    const observed = new WeakSet<WitnessedJob>();

    serve(transport, protocols.ticket, ticketRequestSchema, async ({ order, roster }, from) => {
      const known = view.rosterOf(roster) ?? refuse('The roster of this job is not known here.');
      if (from !== order.body.coordinator || order.by !== order.body.client)
        refuse('An order is signed by its client and brought by its coordinator.');
      assertPayable(view, known, order.body, clock.nowMs());
      assertEndsSoon(known, order.body, clock.nowMs());
      const job = jobIdOf(order.body);
      if (!ticketValidators(known, job).includes(self))
        refuse('This validator has no ticket duty for the order.');
      if (!(await verifyBodyAsync(orderDomain, order))) refuse('The signature of the order is not valid.');
      const root = known.validators.find(({ node }) => node === self)?.ticketRoot;
      return { ticket: tickets(root).release(job, orderNumber(order.body)) };
    });

    serveArrivals(transport, signer, jobs);
    const numbers = orderNumbers({ signer, view, clock, claims: claims ?? noClaims });
    serveNotes({ transport, signer, view, clock, jobs, numbers });

    serve(transport, protocols.certify, certifyRequestSchema, async ({ transcript }, from) => {
      if (from !== transcript.order.body.coordinator)
        refuse('Only the coordinator of an order may have its job certified.');
      const roster = view.rosterOf(transcript.roster) ?? refuse('The roster of this job is not known here.');
      const standings = view.standingsAt(roster.batch) ?? refuse('The standings of this job are too old.');
      const witnessed = await jobs.open(transcript);
      await verifyTranscriptSignatures(transcript);
      const job = replayTranscript(transcript, roster);
      if (!job.draw.witnesses.includes(self)) refuse('This validator is not a witness of the job.');
      const truth = certifyJob(job, transcript, {
        calibration: view.calibration,
        standing: (node, place) => standings.of(node, place),
        placeOf: view.placeOf,
      });
      const body = init.testimony?.(truth) ?? truth;
      // A coordinator that could have several outcomes of a job would settle the one whose winner suits him.
      const { signature } = await witnessed.pen.sign(certificateDomain, body);
      if (!observed.has(witnessed)) work?.witnessed(truth);
      observed.add(witnessed);
      return { body, signature };
    });

    serveSettlements(signer, transport, view, numbers, work?.verified);
    return { id: self };
  };
}

const noClaims: Pick<ClaimBook, 'of'> = { of: () => undefined };

/** What may have one ticket of a validator: the ledger settles each number once. */
function orderNumber({ market, client, clientSeq }: OrderBody): string {
  return `${market}/${client}/${clientSeq}`;
}
