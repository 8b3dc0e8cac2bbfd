import type { AccountId, MarketId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Effects, SettlementBody } from '@market-of-experts/protocol';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import type { OrderNumber } from '../job/order-number.ts';
import { maxOrdersPerBatch } from '../settlement/settlement-proposal.ts';
import type { VoidedNumbers } from '../settlement/voided-numbers.ts';

/** A decided order whose record is durable. */
export interface DecidedOrder {
  readonly id: string;
  readonly record: ReceiptRecord;
}

/** Decided orders until they are settled. */
export interface WaitingOrders {
  /** Whether it waits now: the first decision of a number stands, it may have been proposed already. */
  add(order: DecidedOrder): boolean;
  of(number: OrderNumber): DecidedOrder | undefined;
  /** Those that can be settled: of each client in unbroken sequence, up to the first that is held up. */
  ready(): DecidedOrder[];
  /** Orders in that sequence that came to nothing, of which the validators have not said so yet. */
  heldUp(): Effects[];
  /** Takes out what a settlement closes, whatever it came to in it. */
  take(ranges: SettlementBody['orders']): DecidedOrder[];
}

export function waitingOrders(
  market: MarketId,
  ledger: Pick<Ledger, 'nextOrderSeq'>,
  voids: Pick<VoidedNumbers, 'isVoid'>,
): WaitingOrders {
  const waiting = new Map<AccountId, Map<number, DecidedOrder>>();
  /** For each client, the decided orders that follow the last settled one without a gap. */
  const lines = function* (): Generator<DecidedOrder[]> {
    for (const [client, decided] of [...waiting].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const line: DecidedOrder[] = [];
      let seq = ledger.nextOrderSeq(client, market);
      for (let order = decided.get(seq); order !== undefined; order = decided.get(seq)) {
        if (line.length >= maxOrdersPerBatch) break;
        line.push(order);
        seq += 1;
      }
      yield line;
    }
  };
  const isHeldUp = ({ record }: DecidedOrder): boolean =>
    record.proof.kind === 'void' && !voids.isVoid(record.effects);
  return {
    add(order) {
      const { client, clientSeq } = order.record.effects;
      const decided = waiting.get(client) ?? new Map<number, DecidedOrder>();
      if (decided.has(clientSeq)) return false;
      waiting.set(client, decided.set(clientSeq, order));
      return true;
    },
    of: ({ client, clientSeq }) => waiting.get(client)?.get(clientSeq),
    ready() {
      const batch: DecidedOrder[] = [];
      for (const line of lines()) {
        const end = line.findIndex(isHeldUp);
        batch.push(...(end < 0 ? line : line.slice(0, end)));
      }
      return batch.slice(0, maxOrdersPerBatch);
    },
    heldUp: () => [...lines()].flatMap((line) => line.filter(isHeldUp).map(({ record }) => record.effects)),
    take: (ranges) =>
      ranges.flatMap(({ client, fromSeq, toSeq }) => {
        const decided = waiting.get(client);
        return Array.from({ length: toSeq - fromSeq }, (_, index) => fromSeq + index).flatMap((seq) => {
          const order = decided?.get(seq);
          decided?.delete(seq);
          return order ?? [];
        });
      }),
  };
}
