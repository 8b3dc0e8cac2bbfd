import { type AccountId, MoeError, type NodeId } from '@market-of-experts/core';
import type { SettlementBody } from '@market-of-experts/protocol';
import type { OrderNumber } from '../job/order-number.ts';
import type { ProvenOrder } from './settlement-proposal.ts';

/** Orders of one client from `fromSeq` up to the one before `toSeq`. */
export interface NotedRange {
  readonly client: AccountId;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Those of them that were proposed as void, where whoever proposes has no record that says so. */
  readonly voids: readonly number[];
}

/** What was proposed to the validators as a gateway's settlement with this number. */
export interface NotedProposal extends Pick<SettlementBody, 'batch' | 'gateway'> {
  readonly orders: readonly NotedRange[];
}

/** What a node has proposed, in its own name or in place of gateways, over restarts. */
export interface ProposalNotes {
  /** The last one for a gateway. */
  last(gateway: NodeId): Promise<NotedProposal | undefined>;
  /** Durable when it resolves. Notes of other numbers may be forgotten then. */
  save(note: NotedProposal): Promise<void>;
}

export interface ProposableOrders<Order> {
  /** An order that was noted; undefined where it is here no more. */
  noted(number: OrderNumber, wasVoid: boolean): Order | undefined;
  /** What can be settled now, each client's orders without a gap; none where there is nothing. */
  fresh(): Promise<readonly Order[]>;
}

/**
 * The orders to propose under a number: those that were proposed under it before, if any were, since no validator signs two
 * settlements of one number; otherwise what can be settled now, noted before anybody sees it. Rejects with `settlement-incomplete`
 * where an order that was noted is gone.
 */
export async function ordersToPropose<Order extends Pick<ProvenOrder, 'proof' | 'effects'>>(
  { batch, gateway }: Pick<SettlementBody, 'batch' | 'gateway'>,
  notes: ProposalNotes,
  orders: ProposableOrders<Order>,
): Promise<readonly Order[]> {
  const earlier = await notes.last(gateway);
  if (earlier?.batch === batch)
    return earlier.orders.flatMap(({ client, fromSeq, toSeq, voids }) =>
      Array.from({ length: toSeq - fromSeq }, (_, index) => {
        const clientSeq = fromSeq + index;
        const order = orders.noted({ client, clientSeq }, voids.includes(clientSeq));
        if (order === undefined)
          throw new MoeError(
            'settlement-incomplete',
            `Order ${clientSeq} of client ${client}, which was proposed for settlement ${batch}, is gone.`,
          );
        return order;
      }),
    );
  const fresh = await orders.fresh();
  if (fresh.length > 0) await notes.save({ batch, gateway, orders: rangesOf(fresh) });
  return fresh;
}

function rangesOf(orders: readonly Pick<ProvenOrder, 'proof' | 'effects'>[]): NotedRange[] {
  const ranges = new Map<AccountId, NotedRange>();
  for (const { proof, effects } of orders) {
    const { client, clientSeq } = effects;
    const { fromSeq, voids } = ranges.get(client) ?? { fromSeq: clientSeq, voids: [] };
    ranges.set(client, {
      client,
      fromSeq,
      toSeq: clientSeq + 1,
      voids: proof.kind === 'void' ? [...voids, clientSeq] : voids,
    });
  }
  return [...ranges.values()];
}
