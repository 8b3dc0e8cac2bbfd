import type { AccountId } from '@market-of-experts/core';
import { type OrderBody, type Prepaid, type Roster, spendableMicro } from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';
import type { MarketView } from '../view/market-view.ts';

/** What an order for competing experts and one for routed work have in common. */
type PayableOrder = Pick<
  OrderBody,
  'network' | 'market' | 'client' | 'clientSeq' | 'coordinator' | 'maxFeeMicro' | 'deadlineMs'
>;

/** Orders of one client that may be open at once: so many numbers past the last settled one. */
const maxOpenOrders = 1_024;
/** An order is done within seconds; tickets for one that lasts longer would have to be remembered longer. */
export const maxOrderLifetimeMs = 600_000;

/**
 * Whether the ledger can settle an order: its client has money locked for the gateway that brought it, and its number is one of
 * the next. Throws `message-refused`. The signature is the caller's to check.
 */
export function assertSettleable(
  view: Pick<MarketView, 'prepaid'>,
  roster: Roster,
  order: Omit<PayableOrder, 'maxFeeMicro' | 'deadlineMs'>,
): Prepaid {
  if (order.network !== roster.network || order.market !== roster.market)
    refuse(`The order is for ${order.network}/${order.market}, not ${roster.network}/${roster.market}.`);
  const prepaid = view.prepaid(order.client);
  if (prepaid === undefined || prepaid.gateway !== order.coordinator)
    refuse('The client has no money locked for this gateway.');
  if (order.clientSeq < prepaid.nextOrderSeq) refuse('An order with this number is settled already.');
  if (order.clientSeq >= prepaid.nextOrderSeq + maxOpenOrders)
    refuse(`A client has at most ${maxOpenOrders} unsettled orders.`);
  return prepaid;
}

/**
 * The same of all orders of a job, that their time is not over, and their fees together covered by what each client is not taking
 * out: before anybody spends work, tickets or memory on them.
 */
export function assertPayable(
  view: Pick<MarketView, 'prepaid'>,
  roster: Roster,
  orders: readonly PayableOrder[],
  nowMs: number,
): void {
  const { maximumClockSkewMs } = roster.parameters;
  const openMicro = new Map<AccountId, bigint>();
  for (const order of orders) {
    const { client, maxFeeMicro } = order;
    if (order.deadlineMs + maximumClockSkewMs <= nowMs) refuse('The deadline of the order has passed.');
    const prepaid = assertSettleable(view, roster, order);
    openMicro.set(client, (openMicro.get(client) ?? 0n) + maxFeeMicro);
    if (spendableMicro(prepaid) < openMicro.get(client)!)
      refuse('The client has less money locked, besides what it is taking out, than the order may cost.');
  }
}

/** Asked by validators, of whom several agree: an expert whose clock is slow must not refuse every job. */
export function assertEndsSoon(roster: Roster, orders: readonly PayableOrder[], nowMs: number): void {
  const latestMs = nowMs + maxOrderLifetimeMs + roster.parameters.maximumClockSkewMs;
  if (orders.some(({ deadlineMs }) => deadlineMs > latestMs))
    refuse(`An order ends within ${maxOrderLifetimeMs / 60_000} minutes.`);
}
