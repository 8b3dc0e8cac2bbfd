import { type OrderBody, type Roster, spendableMicro } from '@moe/protocol';
import type { MarketView } from './market-view.ts';
import { refuse } from './messaging.ts';

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
 * Whether the ledger can settle an order: before anybody spends work, tickets or memory on it. Its client has money locked
 * for the gateway that brings it and is not taking it out, its number is one of the next, and its time is not over. Throws `message-refused`. The signature
 * is the caller's to check.
 */
export function assertPayable(
  view: Pick<MarketView, 'prepaid'>,
  roster: Roster,
  order: PayableOrder,
  nowMs: number,
): void {
  if (order.network !== roster.network || order.market !== roster.market)
    refuse(`The order is for ${order.network}/${order.market}, not ${roster.network}/${roster.market}.`);
  const { maximumClockSkewMs } = roster.parameters;
  if (order.deadlineMs + maximumClockSkewMs <= nowMs) refuse('The deadline of the order has passed.');
  const prepaid = view.prepaid(order.client);
  if (prepaid === undefined || prepaid.gateway !== order.coordinator)
    refuse('The client has no money locked for this gateway.');
  if (spendableMicro(prepaid) < order.maxFeeMicro)
    refuse('The client has less money locked, besides what it is taking out, than the order may cost.');
  if (order.clientSeq < prepaid.nextOrderSeq) refuse('An order with this number is settled already.');
  if (order.clientSeq >= prepaid.nextOrderSeq + maxOpenOrders)
    refuse(`A client has at most ${maxOpenOrders} unsettled orders.`);
}

/** Asked by validators, of whom several agree: an expert whose clock is slow must not refuse every job. */
export function assertEndsSoon(roster: Roster, { deadlineMs }: PayableOrder, nowMs: number): void {
  if (deadlineMs > nowMs + maxOrderLifetimeMs + roster.parameters.maximumClockSkewMs)
    refuse(`An order ends within ${maxOrderLifetimeMs / 60_000} minutes.`);
}
