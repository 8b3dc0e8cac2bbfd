import {
  type Clock,
  type MarketId,
  MoeError,
  messageOf,
  type NodeId,
  type OwnerKey,
} from '@market-of-experts/core';
import type { Ledger, ReceiptStore } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import { parseSettlementDetail, type SettlementBody } from '@market-of-experts/protocol';
import { encodeRecord, type ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { keepBatch, keptBatch } from '../receipts/kept-batch.ts';
import { ordersToPropose } from '../settlement/noted-proposal.ts';
import { patientWarning } from '../settlement/patient-warning.ts';
import type { RollCaller } from '../settlement/roll-caller.ts';
import { batchOf, proposalOf, signaturesOf } from '../settlement/settlement-proposal.ts';
import { askAgainMs, voidedNumbers } from '../settlement/voided-numbers.ts';
import { closingBatches, settlementsFrom } from '../view/ledger-settlements.ts';
import type { LedgerView } from '../view/ledger-view.ts';
import type { ClientOrders } from './client-orders.ts';
import { ownProposal } from './own-proposal.ts';
import { type DecidedOrder, waitingOrders } from './waiting-orders.ts';

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
  /** Finds out who is there when validators are missing. */
  readonly rollCaller?: RollCaller;
  readonly clock: Clock;
  /** Told of each settlement once the view has taken it in and the receipts say so. */
  readonly onSettled?: ((settlement: SettlementBody) => void) | undefined;
  readonly onWarning: (message: string) => void;
  /** How long decided orders are collected before they are settled together; default 300 ms. */
  readonly intervalMs?: number | undefined;
}

export interface Settler {
  add(order: DecidedOrder): void;
  /** Decided orders that are not settled, or whose receipts do not say so yet. */
  pending(): number;
  /** Since when settlements fail, and why; undefined when the last one went well. */
  failure(): { readonly sinceMs: number; readonly message: string } | undefined;
  /** Settles everything that can be settled now. */
  flush(): Promise<void>;
  /** Settles what is left and stops. */
  close(): Promise<void>;
}

const defaultIntervalMs = 300;
const retryMs = 2_000;

/**
 * Nets decided orders into settlements: a client's orders in unbroken sequence, signed by the validators after
 * they have checked every proof, then written to the ledger. The batch's content is durable before the ledger
 * has it, so a crash between the two loses nothing: the ledger's next order number says what was settled.
 *
 * What a settlement changes here follows from the ledger's number of batches and from nothing else, so it does not matter
 * whether the answer to ours was lost, or the disk was full in the middle: whatever the ledger has is taken in, once.
 */
export function createSettler(components: SettlerComponents): Settler {
  const { market, gateway, ownerKey, transport, ledger, receipts, view, orders, clock } = components;
  const intervalMs = components.intervalMs ?? defaultIntervalMs;
  /** Settled orders whose receipts do not say so yet. */
  const unmarked = new Map<string, ReceiptRecord>();
  /** Decided when somebody else had settled their numbers already. */
  const late: DecidedOrder[] = [];
  const untold: SettlementBody[] = [];
  const voids = voidedNumbers({ transport, view, clock, rollCaller: components.rollCaller });
  const waiting = waitingOrders(market, ledger, voids);
  const notes = ownProposal(receipts, gateway);
  const warn = patientWarning(clock, components.onWarning);
  let count = 0;
  let failure: ReturnType<Settler['failure']>;
  let running: Promise<void> = Promise.resolve();
  const stopped = new AbortController();
  let timer: Promise<void> | undefined;

  const settleOnce = async (): Promise<boolean> => {
    if (waiting.ready().length === 0) return false;
    const batch = ledger.market(market)!.nextBatch;
    const records = await ordersToPropose({ batch, gateway }, notes, {
      noted: (number) => waiting.of(number)?.record,
      fresh: async () => waiting.ready().map(({ record }) => record),
    });
    const proposed = proposalOf(
      records,
      { network: ledger.network, market, batch, gateway, by: gateway },
      ledger,
    );
    const { settlement } = proposed;
    const signed = await signaturesOf(proposed, { ledger, transport, clock, from: ownerKey.address });
    if (!signed.isQuorum) components.rollCaller?.validatorsMissing();
    if (signed.signatures.length === 0)
      throw signed.failure ?? new MoeError('no-quorum', 'No validator is present to sign the settlement.');
    await keepBatch(receipts, settlement, batchOf(proposed, signed));
    await ledger.transact(ownerKey, { kind: 'settle', settlement, signatures: [...signed.signatures] });
    return true;
  };

  /** Settlements of this market since this settler began, until they are taken in. */
  const applied = new Map<number, SettlementBody>();
  const unsubscribe = ledger.onApplied(({ transaction }) => {
    if (transaction.kind !== 'settle' || transaction.settlement.market !== market) return;
    const { settlement } = transaction;
    applied.set(settlement.batch, settlement);
    // Nobody here waits for what others settle.
    if (settlement.gateway !== gateway || settlement.by !== gateway) schedule(0);
  });
  const settlementOf = async (number: number): Promise<SettlementBody> => {
    if (!applied.has(number))
      for (const [batch, settlement] of await settlementsFrom(ledger, market, number))
        applied.set(batch, settlement);
    return applied.get(number)!;
  };

  /** Takes in every settlement that the ledger has and the view has not, whoever proposed it. */
  const takeIn = async (): Promise<void> => {
    for (let number = view.standings().batch; number < (ledger.market(market)?.nextBatch ?? 0); number += 1) {
      const settlement = await settlementOf(number);
      // Unknown where another gateway, or a validator elsewhere, has settled it.
      const kept = await keptBatch(receipts, settlement);
      if (view.standings().batch !== number) continue;
      view.applyBatch(number, kept === undefined ? [] : parseSettlementDetail(kept.detail));
      applied.delete(number);
      closed(settlement);
      untold.push(settlement);
    }
  };
  /** Its orders wait for nothing more, whatever they came to in it. */
  const closed = ({ batch, orders: ranges }: SettlementBody): void => {
    for (const { client, toSeq } of ranges) orders.settled(client, toSeq);
    const taken = waiting.take(ranges);
    voids.forget(taken.map(({ record }) => record.effects));
    for (const { id, record } of taken) unmarked.set(id, { ...record, batch });
  };

  /** Tells the receipts of settled orders which batch they are in. */
  const mark = async (): Promise<void> => {
    const numbers = await closingBatches(
      ledger,
      market,
      late.map(({ record }) => record.effects),
    );
    for (const { id, record } of late.splice(0, numbers.length))
      unmarked.set(id, { ...record, batch: numbers.shift()! });
    await Promise.all(
      [...unmarked].map(async ([id, record]) => {
        await receipts.put(id, encodeRecord(record), { pending: false });
        // Only now: who waits for nothing to be pending may read the receipts next.
        if (unmarked.delete(id)) count -= 1;
      }),
    );
    for (const settlement of untold.splice(0)) components.onSettled?.(settlement);
  };

  const settleAll = async (): Promise<void> => {
    try {
      do {
        await takeIn();
        await mark();
        await voids.ask(waiting.heldUp());
      } while (await settleOnce());
      failure = undefined;
    } catch (error) {
      failure = { sinceMs: failure?.sinceMs ?? clock.nowMs(), message: messageOf(error) };
      throw error;
    }
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
          if (waiting.ready().length > 0) schedule(intervalMs);
          else if (waiting.heldUp().length > 0) schedule(askAgainMs);
        },
        (error: unknown) => {
          timer = undefined;
          if (stopped.signal.aborted) return;
          warn(`A settlement failed and will be tried again: ${messageOf(error)}`);
          schedule(retryMs);
        },
      );
  };

  return {
    add(order) {
      const { client, clientSeq } = order.record.effects;
      if (clientSeq < ledger.nextOrderSeq(client, market)) {
        late.push(order);
        count += 1;
        schedule(intervalMs);
        return;
      }
      if (!waiting.add(order)) return;
      count += 1;
      schedule(intervalMs);
    },
    pending: () => count,
    failure: () => failure,
    flush,
    async close() {
      stopped.abort();
      await timer;
      await flush().finally(unsubscribe);
    },
  };
}
