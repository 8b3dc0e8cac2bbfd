import { type Clock, encode, type Hash, verifyBodyAsync } from '@market-of-experts/core';
import {
  entryNames,
  listHash,
  type Order,
  openJob,
  orderDomain,
  rosterHash,
  type SealedJob,
  type Ticket,
} from '@market-of-experts/protocol';
import type { z } from 'zod';
import { refuse } from '../messages/messaging.ts';
import type { sealedRequestSchema } from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import { assertList } from './asked-question.ts';
import { assertPayable } from './payable-order.ts';

export type JobRequest = z.infer<typeof sealedRequestSchema>;
/** What opens a job: its orders, the roster, and the tickets of its draw. */
export interface JobOpening {
  readonly orders: readonly Order[];
  readonly roster: Hash;
  readonly tickets: readonly Ticket[];
}

interface OpeningComponents {
  readonly view: MarketView;
  readonly clock: Clock;
}

/**
 * The job that an opening is about, once orders, money, tickets and draw are found to be in order: the cheap questions
 * first. What costs money or another's work begins here, whoever passes the opening on. Throws `message-refused`.
 */
export async function openOrderedJob(
  opening: JobOpening,
  { view, clock }: OpeningComponents,
): Promise<SealedJob> {
  const { orders, tickets } = opening;
  const roster = view.rosterOf(opening.roster) ?? refuse('The roster of this job is not known here.');
  assertPayable(
    view,
    roster,
    orders.map(({ body }) => body),
    clock.nowMs(),
  );
  await assertOrdersSigned(orders);
  return openJob(orders, roster, tickets);
}

/** Rejects with `message-refused`. */
export async function assertOrdersSigned(orders: readonly Order[]): Promise<void> {
  const valid = await Promise.all(orders.map((order) => verifyBodyAsync(orderDomain, order)));
  if (valid.includes(false)) refuse('The signature of the order is not valid.');
}

/** The same for the request of a worker. */
export async function openRequestedJob(
  request: JobRequest,
  components: OpeningComponents,
): Promise<SealedJob> {
  const job = await openOrderedJob(request, components);
  assertList('first', job, request.first.texts, request.positions, components.view.task);
  return job;
}

/** What a worker is asked first: its list, and the assignment that it is bound to. */
export interface FirstList {
  readonly texts: readonly string[];
  readonly assignment: Hash;
  /** Where its entries are said to lie. */
  readonly positions: readonly Uint8Array[];
  /** As it stands in commits. */
  readonly list: Hash;
}

export function firstListOf({
  first,
  positions,
  assignment,
}: Pick<JobRequest, 'first' | 'positions' | 'assignment'>): FirstList {
  const list = listHash(entryNames(first.texts, first.salt), assignment, positions);
  return { texts: first.texts, assignment, positions, list };
}

const openings = new WeakMap<readonly unknown[], Uint8Array>();

/** The opening of a job, encoded: once, however many witnesses are told of it. */
export function openingBytes({
  orders,
  roster,
  tickets,
}: Pick<SealedJob, 'orders' | 'roster' | 'tickets'>): Uint8Array {
  const known = openings.get(tickets);
  if (known !== undefined) return known;
  const bytes = encode({ orders, roster: rosterHash(roster), tickets });
  openings.set(tickets, bytes);
  return bytes;
}
