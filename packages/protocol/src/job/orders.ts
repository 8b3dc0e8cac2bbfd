import { type Hash, hashOf, type JobId, MoeError, type NodeId } from '@market-of-experts/core';
import type { Roster } from '../draw/shard.ts';
import { assertFeeCovered, basePricePerKilobyte, feeOf } from '../money/fees.ts';
import { limits, type Order, type OrderBody } from './messages.ts';

/** Id of an order, and of its receipt. */
export function orderId(order: OrderBody): Hash {
  return hashOf('moe/order/1', order);
}

/** Id of the job of these orders. */
export function jobIdOf(orders: readonly OrderBody[]): JobId {
  return jobIdOfOrders(orders.map(orderId));
}

/** The same for who knows no more of the orders than their ids. */
export function jobIdOfOrders(ids: readonly Hash[]): JobId {
  return hashOf('moe/job/2', ids) as string as JobId;
}

/** The only order in which a job may have them, so that nobody chooses between draws by reordering. */
export function inJobOrder<Entry extends { readonly order: Order }>(entries: readonly Entry[]): Entry[] {
  return entries
    .map((entry) => ({ entry, id: orderId(entry.order.body) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ entry }) => entry);
}

/** What the orders of a job have in common. */
export interface JobTerms {
  readonly coordinator: NodeId;
  /** The earliest of theirs. */
  readonly deadlineMs: number;
  /** One an order. */
  readonly feesMicro: readonly bigint[];
}

function refuse(message: string): never {
  throw new MoeError('message-refused', message);
}

/**
 * Whether orders can be one job under the roster. Throws `message-refused` and `fee-too-low`. Signatures and money are the
 * caller's to check.
 */
export function jobTermsOf(orders: readonly Order[], roster: Roster): JobTerms {
  const [first] = orders;
  if (first === undefined || orders.length > limits.orders)
    refuse(`A job is of 1 to ${limits.orders} orders.`);
  const ids = orders.map(({ body }) => orderId(body));
  if (ids.some((id, index) => index > 0 && ids[index - 1]! >= id))
    refuse('The orders of a job are sorted by their ids, each once.');
  const numbers = new Set(orders.map(({ body }) => `${body.client}/${body.clientSeq}`));
  if (numbers.size !== orders.length) refuse('Two orders of a job have the same number.');
  const { coordinator } = first.body;
  const { parameters, network, market } = roster;
  let bytes = 0;
  for (const { body, by } of orders) {
    if (by !== body.client) refuse('The order is not signed by its client.');
    if (body.network !== network || body.market !== market)
      refuse(`The order is for ${body.network}/${body.market}, not ${network}/${market}.`);
    if (body.coordinator !== coordinator) refuse('The orders of a job have one coordinator.');
    if (body.bytes > parameters.maximumTextBytes)
      refuse(`The datum has ${body.bytes} bytes; this market serves ${parameters.maximumTextBytes}.`);
    bytes += body.bytes;
  }
  if (orders.length > 1 && bytes > limits.batchBytes)
    refuse(`The data of a job have ${limits.batchBytes} bytes together at most.`);
  const price = basePricePerKilobyte(roster.experts);
  const feesMicro = orders.map(({ body }) => {
    const feeMicro = feeOf(body.bytes, price, body.tipMicro);
    assertFeeCovered(feeMicro, body.maxFeeMicro);
    return feeMicro;
  });
  const deadlineMs = Math.min(...orders.map(({ body }) => body.deadlineMs));
  return { coordinator, deadlineMs, feesMicro };
}
