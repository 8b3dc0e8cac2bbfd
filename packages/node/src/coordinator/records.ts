import { type Clock, type MarketId, signBody } from '@moe/core';
import type { Ledger, ReceiptStore } from '@moe/ledger';
import { type VoidBody, voidDomain, voidEffects } from '@moe/protocol';
import { encodeRecord, type ReceiptRecord } from '../receipts/receipt-record.ts';
import type { ClientOrders, TakenOrder } from './client-orders.ts';
import type { Settler } from './settler.ts';

export interface RecordComponents {
  readonly market: MarketId;
  readonly ledger: Ledger;
  readonly receipts: ReceiptStore;
  readonly orders: ClientOrders;
  readonly settler: Settler;
  readonly clock: Clock;
  readonly onRecord: (id: string, record: ReceiptRecord) => void;
}

/** Where every decided order goes: durable first, then to settlement, then to whoever listens. */
export interface Records {
  keep(id: string, record: ReceiptRecord): Promise<void>;
  /** Closes an order that came to nothing: the client pays nothing and its number is passed. */
  keepVoid(order: TakenOrder, reason: string, base: Pick<ReceiptRecord, 'kind' | 'preview'>): Promise<void>;
}

const previewCharacters = 120;

/** The beginning of a text, as lists show it. */
export function previewOf(text: string): string {
  return text.slice(0, previewCharacters);
}

export function createRecords(components: RecordComponents): Records {
  const { market, ledger, receipts, orders, settler, clock } = components;
  const keep = async (id: string, record: ReceiptRecord): Promise<void> => {
    await receipts.put(id, encodeRecord(record), { pending: true });
    settler.add({ id, record });
    components.onRecord(id, record);
  };

  const keepVoid = async (
    order: TakenOrder,
    reason: string,
    base: Pick<ReceiptRecord, 'kind' | 'preview'>,
  ) => {
    const body: VoidBody = {
      network: ledger.network,
      market,
      client: order.client,
      clientSeq: order.clientSeq,
      reason: reason.slice(0, 300),
    };
    const effects = voidEffects(body);
    orders.decide(order, 0n);
    await keep(effects.proof, {
      ...base,
      proof: { kind: 'void', signed: signBody(order.keys, voidDomain, body) },
      effects,
      atMs: clock.nowMs(),
      durationMs: 0,
    });
  };
  return { keep, keepVoid };
}
