import {
  type Clock,
  decode,
  type Hash,
  type JobId,
  type KeyPair,
  type NodeId,
  signBody,
  verifyBodyAsync,
} from '@moe/core';
import type { Transport } from '@moe/network';
import {
  arrivalDomain,
  certificateDomain,
  certificateHash,
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
import {
  arrivalsRequestSchema,
  arrivedNoticeSchema,
  certifyRequestSchema,
  protocols,
  ticketRequestSchema,
} from '../protocols.ts';
import { arrivalBook, principalOf } from './arrivals.ts';
import type { SettledWork, Testimony } from './settled-work.ts';
import { serveSettlements } from './settlement-check.ts';
import type { TicketBook } from './ticket-book.ts';

export interface ValidatorInit {
  readonly keys: KeyPair;
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
}

/** Certificates that a witness remembers having signed. */
const maxRemembered = 16_384;

/**
 * A validator: releases tickets for signed orders, witnesses arrivals, recomputes every job that it is drawn
 * for from the transcript alone, and signs settlements that it can verify.
 */
export function validatorRole(
  init: ValidatorInit,
): (components: ValidatorComponents) => { readonly id: NodeId } {
  return ({ transport, view, clock, tickets, work }) => {
    const self = init.keys.publicKey as NodeId;
    const arrivals = arrivalBook(clock);
    const certified = new Map<JobId, Hash>();

    serve(transport, protocols.ticket, ticketRequestSchema, async ({ order, roster }, from) => {
      const known = view.rosterOf(roster) ?? refuse('The roster of this job is not known here.');
      if (from !== order.body.coordinator || order.by !== order.body.client)
        refuse('An order is signed by its client and brought by its coordinator.');
      assertPayable(view, known, order.body, clock.nowMs());
      assertEndsSoon(known, order.body, clock.nowMs());
      if (!(await verifyBodyAsync(orderDomain, order))) refuse('The signature of the order is not valid.');
      const job = jobIdOf(order.body);
      if (!ticketValidators(known, job).includes(self))
        refuse('This validator has no ticket duty for the order.');
      const root = known.validators.find(({ node }) => node === self)?.ticketRoot;
      return { ticket: tickets(root).release(job, orderNumber(order.body)) };
    });

    transport.onNotice(protocols.arrived, (bytes, { from }) => {
      try {
        arrivals.record(decode(bytes, arrivedNoticeSchema, 128 * 1024), from);
      } catch {
        // A malformed notice is no evidence of anything; its sender only harms himself.
      }
    });

    serve(transport, protocols.arrivals, arrivalsRequestSchema, async ({ job, stage }) => {
      const messages = arrivals.of(job, stage);
      const principals = [...new Set(messages.map(principalOf))];
      return { record: signBody(init.keys, arrivalDomain, { job, stage, principals }), messages };
    });

    serve(transport, protocols.certify, certifyRequestSchema, async ({ transcript }, from) => {
      if (from !== transcript.order.body.coordinator)
        refuse('Only the coordinator of an order may have its job certified.');
      const roster = view.rosterOf(transcript.roster) ?? refuse('The roster of this job is not known here.');
      const standings = view.standingsAt(roster.batch) ?? refuse('The standings of this job are too old.');
      await verifyTranscriptSignatures(transcript);
      const job = replayTranscript(transcript, roster);
      if (!job.draw.witnesses.includes(self)) refuse('This validator is not a witness of the job.');
      const truth = certifyJob(job, transcript, {
        calibration: view.calibration,
        standing: (node, place) => standings.of(node, place),
        placeOf: view.placeOf,
      });
      const body = init.testimony?.(truth) ?? truth;
      const hash = certificateHash(body);
      // A coordinator that could have several would settle the one whose winner suits him.
      if ((certified.get(job.id) ?? hash) !== hash)
        refuse('Another outcome of this job is certified already.');
      if (!certified.has(job.id)) work?.witnessed(truth);
      certified.set(job.id, hash);
      if (certified.size > maxRemembered) certified.delete(certified.keys().next().value!);
      return { body, signature: signBody(init.keys, certificateDomain, body).signature };
    });

    serveSettlements(init.keys, transport, view, work?.verified);
    return { id: self };
  };
}

/** What may have one ticket of a validator: the ledger settles each number once. */
function orderNumber({ market, client, clientSeq }: OrderBody): string {
  return `${market}/${client}/${clientSeq}`;
}
