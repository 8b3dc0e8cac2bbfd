import { type Clock, type MarketId, messageOf, plainText, signBody } from '@moe/core';
import type { Ledger, ReceiptStore } from '@moe/ledger';
import { type VoidBody, voidDomain, voidEffects } from '@moe/protocol';
import { encodeRecord, type ReceiptRecord } from '../receipts/receipt-record.ts';
import type { ClientOrders, TakenOrder } from './client-orders.ts';
import type { Settler } from './settler.ts';

/** What a record holds of the text, whatever comes of the order. */
export type OrderedText = Pick<ReceiptRecord, 'kind' | 'isTextPublic' | 'preview' | 'salts'>;

export interface RecordComponents {
  readonly market: MarketId;
  readonly ledger: Ledger;
  readonly receipts: ReceiptStore;
  readonly orders: ClientOrders;
  readonly settler: Settler;
  readonly clock: Clock;
  readonly onRecord: (id: string, record: ReceiptRecord) => void;
  readonly onWarning: (message: string) => void;
}

/**
 * Where every decided order goes: durable first, then to settlement, then to whoever listens. Orders settle in unbroken
 * sequence, so one whose record cannot be stored (a full disk) is not given up: it is tried again until it can be.
 */
export interface Records {
  /**
   * Rejects when the record cannot be stored now. The client is told so and must not pay: unless the record reached the disk
   * all the same, the order is then voided.
   */
  keep(order: TakenOrder, id: string, record: ReceiptRecord): Promise<void>;
  /** The record of work that the client has already: it is stored as it is, sooner or later. */
  keepDelivered(id: string, record: ReceiptRecord): Promise<void>;
  /** Closes an order that came to nothing: the client pays nothing and its number is passed. */
  keepVoid(order: TakenOrder, reason: string, base: OrderedText): Promise<void>;
  /** Tries no more; the next process voids what is missing. */
  close(): Promise<void>;
}

const tryAgainMs = 1_000;

export function createRecords(components: RecordComponents): Records {
  const { market, ledger, receipts, orders, settler, clock } = components;
  const stopped = new AbortController();
  const trying = new Set<Promise<void>>();

  const decided = (id: string, record: ReceiptRecord): void => {
    settler.add({ id, record });
    components.onRecord(id, record);
  };
  const store = async (id: string, record: ReceiptRecord): Promise<void> => {
    await receipts.put(id, encodeRecord(record), { pending: true });
    decided(id, record);
  };
  /** Does it again and again, until it succeeds or the process ends. */
  const insist = (attempt: () => Promise<void>): void => {
    const task = (async () => {
      for (;;) {
        await clock.sleep(tryAgainMs, stopped.signal).catch(() => undefined);
        if (stopped.signal.aborted) return;
        try {
          return await attempt();
        } catch (error) {
          components.onWarning(`An order could not be kept, and will be tried again: ${messageOf(error)}`);
        }
      }
    })().finally(() => trying.delete(task));
    trying.add(task);
  };

  const keepDelivered = async (id: string, record: ReceiptRecord): Promise<void> => {
    try {
      await store(id, record);
    } catch (error) {
      insist(() => store(id, record));
      throw error;
    }
  };
  const keep = async (order: TakenOrder, id: string, record: ReceiptRecord): Promise<void> => {
    try {
      await store(id, record);
    } catch (error) {
      const { kind, isTextPublic, preview, salts } = record;
      const base = { kind, isTextPublic, preview, salts };
      insist(async () => {
        if ((await receipts.get(id)) !== undefined) decided(id, record);
        else await storeVoid(order, `The job could not be recorded: ${messageOf(error)}`, base);
      });
      throw error;
    }
  };

  const voidOf = (order: TakenOrder, reason: string, base: OrderedText): ReceiptRecord => {
    const body: VoidBody = {
      network: ledger.network,
      market,
      client: order.client,
      clientSeq: order.clientSeq,
      reason: plainText(reason, 300),
    };
    const effects = voidEffects(body);
    return {
      ...base,
      proof: { kind: 'void', signed: signBody(order.keys, voidDomain, body) },
      effects,
      atMs: clock.nowMs(),
      durationMs: 0,
    };
  };
  const storeVoid: Records['keepVoid'] = async (order, reason, base) => {
    const record = voidOf(order, reason, base);
    orders.decide(order, 0n);
    await store(record.effects.proof, record);
  };
  const keepVoid: Records['keepVoid'] = async (order, reason, base) => {
    const record = voidOf(order, reason, base);
    orders.decide(order, 0n);
    await keepDelivered(record.effects.proof, record);
  };
  return {
    keep,
    keepDelivered,
    keepVoid,
    async close() {
      stopped.abort();
      await Promise.all(trying);
    },
  };
}
