import {
  type AccountId,
  accountIdSchema,
  type Clock,
  decode,
  encode,
  type MarketId,
  MoeError,
  messageOf,
  type NodeId,
  type OwnerKey,
} from '@moe/core';
import type { Ledger, ReceiptStore } from '@moe/ledger';
import type { Transport } from '@moe/network';
import { type Effects, netSettlement, type SettlementBody, settlementDetailBytes } from '@moe/protocol';
import { z } from 'zod';
import type { LedgerView } from '../market/ledger-view.ts';
import { call } from '../market/messaging.ts';
import { protocols } from '../protocols.ts';
import { encodeBatch, encodeRecord, type ReceiptRecord } from '../receipts/receipt-record.ts';
import { settlementResponseSchema } from '../validator/settlement-proof.ts';
import type { ClientOrders } from './client-orders.ts';

/** A decided order whose record is durable. */
export interface DecidedOrder {
  readonly id: string;
  readonly record: ReceiptRecord;
}

export interface SettlerComponents {
  readonly market: MarketId;
  /** Gateway node: the clients' money is locked for it. */
  readonly gateway: NodeId;
  /** Account that submits the settlement. */
  readonly ownerKey: OwnerKey;
  readonly transport: Transport;
  readonly ledger: Ledger;
  readonly receipts: ReceiptStore;
  readonly view: LedgerView;
  readonly orders: ClientOrders;
  readonly clock: Clock;
  readonly onSettled: (settlement: SettlementBody, effects: readonly Effects[]) => void;
  readonly onWarning: (message: string) => void;
  /** How long decided orders are collected before they are settled together; default 300 ms. */
  readonly intervalMs?: number;
}

export interface Settler {
  add(order: DecidedOrder): void;
  pending(): number;
  /** Settles everything that can be settled now. */
  flush(): Promise<void>;
  /** Settles what is left and stops. */
  close(): Promise<void>;
}

/** Settled in a tenth of a second: a machine that keeps failing still gets something done each time. */
const maxOrdersPerBatch = 64;
const defaultIntervalMs = 300;
const retryMs = 2_000;

/**
 * Nets decided orders into settlements: a client's orders in unbroken sequence, signed by the validators after
 * they have checked every proof, then written to the ledger. The batch's content is durable before the ledger
 * has it, so a crash between the two loses nothing: the ledger's next order number says what was settled.
 */
export function createSettler(components: SettlerComponents): Settler {
  const { market, gateway, ownerKey, transport, ledger, receipts, view, orders, clock } = components;
  const intervalMs = components.intervalMs ?? defaultIntervalMs;
  const waiting = new Map<AccountId, Map<number, DecidedOrder>>();
  let count = 0;
  let running: Promise<void> = Promise.resolve();
  const stopped = new AbortController();
  let timer: Promise<void> | undefined;

  /** For each client, the decided orders that follow the last settled one without a gap. */
  const ready = (): DecidedOrder[] => {
    const batch: DecidedOrder[] = [];
    for (const [client, decided] of [...waiting].sort(([a], [b]) => (a < b ? -1 : 1))) {
      let seq = ledger.nextOrderSeq(client, market);
      for (let order = decided.get(seq); order !== undefined; order = decided.get(seq)) {
        if (batch.length >= maxOrdersPerBatch) return batch;
        batch.push(order);
        seq += 1;
      }
    }
    return batch;
  };

  const signatures = async (settlement: SettlementBody, batch: readonly DecidedOrder[]) => {
    const request = encode({ settlement, proofs: batch.map(({ record }) => record.proof) });
    const answers = await Promise.allSettled(
      ledger
        .validators()
        .map(({ node }) =>
          call(transport, node, protocols.settle, request, settlementResponseSchema, { timeoutMs: 10_000 }),
        ),
    );
    const failed = answers.find((answer) => answer.status === 'rejected');
    const signed = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? [answer.value.signature] : [],
    );
    if (signed.length === 0 && failed !== undefined) throw failed.reason;
    return signed;
  };

  /**
   * The orders of the batch with this number: those that were proposed to the validators before, if any were, since none
   * of them signs two settlements of one number; otherwise what is ready, noted before it is proposed.
   */
  const proposal = async (number: number): Promise<DecidedOrder[]> => {
    const noted = await receipts.get(proposalId);
    const earlier = noted === undefined ? undefined : decode(noted, proposalSchema);
    if (earlier?.batch === number)
      return earlier.orders.flatMap(({ client, fromSeq, toSeq }) =>
        Array.from({ length: toSeq - fromSeq }, (_, index) => {
          const order = waiting.get(client)?.get(fromSeq + index);
          if (order === undefined)
            throw new MoeError(
              'settlement-incomplete',
              `Order ${fromSeq + index} of client ${client}, which was proposed for settlement ${number}, is gone.`,
            );
          return order;
        }),
      );
    const batch = ready();
    const ranges = new Map<AccountId, { client: AccountId; fromSeq: number; toSeq: number }>();
    for (const { client, clientSeq } of batch.map(({ record }) => record.effects))
      ranges.set(client, {
        client,
        fromSeq: ranges.get(client)?.fromSeq ?? clientSeq,
        toSeq: clientSeq + 1,
      });
    if (batch.length > 0)
      await receipts.put(proposalId, encode({ batch: number, orders: [...ranges.values()] }), {
        pending: false,
      });
    return batch;
  };

  const settleOnce = async (): Promise<boolean> => {
    if (ready().length === 0) return false;
    const number = ledger.market(market)!.nextBatch;
    const batch = await proposal(number);
    const effects = batch.map(({ record }) => record.effects);
    const settlement = netSettlement(effects, {
      network: ledger.network,
      market,
      batch: number,
      gateway,
      nextOrderSeq: (client) => ledger.nextOrderSeq(client, market),
    });
    const signed = await signatures(settlement, batch);
    const bytes = encodeBatch({
      batch: number,
      detail: settlementDetailBytes(effects),
      settlement: encode({ settlement, signatures: signed }),
    });
    await receipts.put(batchId(number), bytes, { pending: false });
    await ledger.transact(ownerKey, { kind: 'settle', settlement, signatures: signed });
    view.applyBatch(
      number,
      effects.flatMap(({ losses }) => losses),
    );
    orders.settled(effects);
    for (const { client, clientSeq } of effects) waiting.get(client)?.delete(clientSeq);
    try {
      await Promise.all(
        batch.map(({ id, record }) =>
          receipts.put(id, encodeRecord({ ...record, batch: number }), { pending: false }),
        ),
      );
    } finally {
      // Only now: who waits for nothing to be pending may read the receipts next.
      count -= batch.length;
    }
    components.onSettled(settlement, effects);
    return true;
  };

  const settleAll = async (): Promise<void> => {
    while (await settleOnce());
  };
  /** One settlement at a time: batches are numbered. */
  const flush = (): Promise<void> => {
    running = running.catch(() => undefined).then(settleAll);
    return running;
  };
  const schedule = (delayMs: number): void => {
    timer ??= clock
      .sleep(delayMs, stopped.signal)
      .then(flush)
      .then(
        () => {
          timer = undefined;
          if (ready().length > 0) schedule(intervalMs);
        },
        (error: unknown) => {
          timer = undefined;
          if (stopped.signal.aborted) return;
          components.onWarning(`A settlement failed and will be tried again: ${messageOf(error)}`);
          schedule(retryMs);
        },
      );
  };

  return {
    add(order) {
      const { client, clientSeq } = order.record.effects;
      const decided = waiting.get(client) ?? new Map<number, DecidedOrder>();
      // The first decision stands: it may have been proposed already.
      if (decided.has(clientSeq)) return;
      decided.set(clientSeq, order);
      waiting.set(client, decided);
      count += 1;
      schedule(intervalMs);
    },
    pending: () => count,
    flush,
    async close() {
      stopped.abort();
      await timer;
      await flush();
    },
  };
}

/** What was last proposed to the validators; a settlement that comes of it has the same orders. */
const proposalId = 'proposed-settlement';
const proposalSchema = z.strictObject({
  batch: z.int().min(0),
  orders: z
    .array(z.strictObject({ client: accountIdSchema, fromSeq: z.int().min(0), toSeq: z.int().min(0) }))
    .max(maxOrdersPerBatch),
});

export function batchId(batch: number): string {
  return `batch-${batch}`;
}
