import { type NodeId, nodeIdSchema } from '@market-of-experts/core';
import type { Effects, Standings } from '@market-of-experts/protocol';
import { z } from 'zod';

const callsSchema = z.record(
  nodeIdSchema,
  z.strictObject({ made: z.int(), madeWon: z.int(), answered: z.int(), answeredWon: z.int() }),
);
export const totalsSchema = z.strictObject({
  certified: z.int(),
  routed: z.int(),
  refunded: z.int(),
  calls: callsSchema,
});
/** Settled orders by what came of them, and calls to friends by expert. */
export type OrderTotals = Readonly<z.infer<typeof totalsSchema>>;
type Calls = OrderTotals['calls'][NodeId];
export const noOrders: OrderTotals = { certified: 0, routed: 0, refunded: 0, calls: {} };
const noCalls: Calls = { made: 0, madeWon: 0, answered: 0, answeredWon: 0 };

/** Calls of one expert; zeros when it has none. */
export function callsOf(totals: OrderTotals, node: NodeId): Calls {
  return totals.calls[node] ?? noCalls;
}

function addCalls(totals: OrderTotals, effects: readonly Effects[]): OrderTotals['calls'] {
  const calls = { ...totals.calls };
  for (const { node, principal, won } of effects.flatMap(({ losses }) => losses)) {
    if (node === principal) continue;
    const count = won ? 1 : 0;
    const caller = calls[principal] ?? noCalls;
    calls[principal] = { ...caller, made: caller.made + 1, madeWon: caller.madeWon + count };
    const friend = calls[node] ?? noCalls;
    calls[node] = {
      ...friend,
      answered: friend.answered + 1,
      answeredWon: friend.answeredWon + count,
    };
  }
  return calls;
}

/** What the settled batches add up to. */
export interface SettledState {
  readonly batch: number;
  readonly standings: Standings;
  readonly totals: OrderTotals;
}

/** A certificate has losses, a tally only a payment, a void neither. */
export function addTotals(totals: OrderTotals, effects: readonly Effects[]): OrderTotals {
  const certified = effects.filter(({ losses }) => losses.length > 0).length;
  const routed = effects.filter(({ losses, deltas }) => losses.length === 0 && deltas.length > 0).length;
  return {
    certified: totals.certified + certified,
    routed: totals.routed + routed,
    refunded: totals.refunded + effects.length - certified - routed,
    calls: addCalls(totals, effects),
  };
}
