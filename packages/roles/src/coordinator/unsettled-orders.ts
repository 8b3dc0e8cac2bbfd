import type { AccountId, MarketId, OwnerKey } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { type ClientOrders, clientOrders } from './client-orders.ts';
import type { DecidedOrder } from './waiting-orders.ts';

/** The clients' orders in a market, after those that an earlier process left decided and unsettled. */
export function ordersAfter(
  pending: readonly DecidedOrder[],
  ledger: Ledger,
  market: MarketId,
  keysOf: (client: AccountId) => OwnerKey | undefined,
): ClientOrders {
  const effects = pending.map(({ record }) => record.effects);
  return clientOrders({
    ledger,
    market,
    keysOf,
    firstSeq: (client) =>
      Math.max(
        ledger.nextOrderSeq(client, market),
        ...effects.filter((order) => order.client === client).map(({ clientSeq }) => clientSeq + 1),
      ),
    pendingFees: effects.map(({ client, clientSeq, deltas }) => ({
      client,
      clientSeq,
      feeMicro: -deltas.reduce((sum, { deltaMicro }) => sum + (deltaMicro < 0n ? deltaMicro : 0n), 0n),
    })),
  });
}
