import { type Clock, encode, type MarketId, messageOf, plainText } from '@market-of-experts/core';
import type { Ledger, ReceiptStore } from '@market-of-experts/ledger';
import { type Transcript, transcriptHash, type VoidBody, voidEffects } from '@market-of-experts/protocol';
import { encodeRecord, type ReceiptRecord, transcriptId } from '@market-of-experts/receipts/receipt-record';
import type { OrderNumber } from '../job/order-number.ts';
import type { ClientOrders } from './client-orders.ts';
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
export interface OrderRecords {
  /** Throws why records cannot be stored just now: no new order is begun then, and what is decided is tried until it can be. */
  assertStoring(): void;
  /**
   * Takes in a decided order, whose experts have delivered and are paid: the client gets his answer, whether its record could be
   * stored at once or not.
   */
  keep(id: string, record: ReceiptRecord): Promise<void>;
  /** Closes an order that came to nothing: the client pays nothing and its number is passed. */
  keepVoid(order: OrderNumber, reason: string, base: OrderedText): Promise<void>;
  /** Tries no more; the next process voids what is missing. */
  close(): Promise<void>;
}

const tryAgainMs = 1_000;
/** Decided orders that only the memory has: a crash would lose what their experts earned. */
const maxUnrecorded = 16;

export function createRecords(components: RecordComponents): OrderRecords {
  const { market, ledger, receipts, orders, settler, clock } = components;
  const stopped = new AbortController();
  const trying = new Set<Promise<void>>();

  let failure: unknown;
  const transcripts = new WeakMap<Transcript, Promise<void>>();
  /** Once for all orders of a job, and before their records, which name it. */
  const storeTranscript = async (transcript: Transcript): Promise<void> => {
    const storing =
      transcripts.get(transcript) ??
      receipts.put(transcriptId(transcriptHash(transcript)), encode(transcript), { pending: false });
    transcripts.set(transcript, storing);
    await storing.catch((error: unknown) => {
      transcripts.delete(transcript);
      throw error;
    });
  };
  const store = async (id: string, record: ReceiptRecord): Promise<void> => {
    if (record.transcript !== undefined) await storeTranscript(record.transcript);
    await receipts.put(id, encodeRecord(record), { pending: true });
    settler.add({ id, record });
    components.onRecord(id, record);
  };
  /** Does it again and again, until it succeeds or the process ends. */
  const insist = async (id: string, record: ReceiptRecord): Promise<void> => {
    while (!stopped.signal.aborted)
      try {
        await clock.sleep(tryAgainMs, stopped.signal);
        await store(id, record);
        return;
      } catch (error) {
        if (stopped.signal.aborted) return;
        failure = error;
        components.onWarning(`An order could not be kept, and will be tried again: ${messageOf(error)}`);
      }
  };
  const keep = async (id: string, record: ReceiptRecord): Promise<void> => {
    try {
      await store(id, record);
    } catch (error) {
      failure = error;
      const task = insist(id, record).finally(() => trying.delete(task));
      trying.add(task);
    }
  };

  const voidOf = (order: OrderNumber, reason: string, base: OrderedText): ReceiptRecord => {
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
      proof: { kind: 'void', body },
      effects,
      atMs: clock.nowMs(),
      durationMs: 0,
    };
  };
  return {
    assertStoring() {
      const reason = receipts.failure() ?? (trying.size < maxUnrecorded ? undefined : failure);
      if (reason !== undefined) throw reason;
    },
    keep,
    keepVoid(order, reason, base) {
      const record = voidOf(order, reason, base);
      orders.decide(order, 0n);
      return keep(record.effects.proof, record);
    },
    async close() {
      stopped.abort();
      await Promise.all(trying);
    },
  };
}
