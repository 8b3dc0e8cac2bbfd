import type { ServedText } from '@market-of-experts/api/market-service';
import type { AccountId, KeyPair, MarketId, NodeId, OwnerKey } from '@market-of-experts/core';
import type { ReceiptStore } from '@market-of-experts/ledger';
import type { SettlementBody } from '@market-of-experts/protocol';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { batchQueue, type ExaminedText } from './batch-queue.ts';
import type { ClientOrders } from './client-orders.ts';
import { compete } from './competition.ts';
import { createEditionService } from './edition-service.ts';
import { createRecords } from './records.ts';
import type { Reserve } from './reserve.ts';
import { rosterKeeper } from './roster-keeper.ts';
import type { RoutedSession } from './routed-session.ts';
import { examineText, serveText } from './serve-text.ts';
import { createSettler, type Settler } from './settler.ts';
import type { Slots } from './slots.ts';
import type { PositionsOf } from './stages/shard-run.ts';
import { type ContradictingExpert, statementChecker } from './statements/statement-checker.ts';
import type { CompetingComponents, TextRequest } from './text-request.ts';
import { ordersAfter } from './unsettled-orders.ts';
import { type GapFiller, gapFiller } from './void-gaps.ts';
import type { DecidedOrder } from './waiting-orders.ts';

export interface CoordinatorInit {
  readonly keys: KeyPair;
  /** Whose texts it serves. */
  readonly market: MarketId;
  /** Account that submits its settlements. */
  readonly ownerKey: OwnerKey;
  /** Order keys of the clients that it serves. */
  readonly keysOf: (client: AccountId) => OwnerKey | undefined;
  /** Decided orders that an earlier process left, oldest first: they are settled before any other. Default none. */
  readonly unsettled?: readonly DecidedOrder[];
  /** How long a text waits for others to be examined with, where jobs have several; default 0: whoever waits for a slot. */
  readonly waitForOthersMs?: number | undefined;
  /** How long decided orders are collected before they are settled together; default 300 ms. */
  readonly settleEveryMs?: number | undefined;
}

export interface CoordinatorComponents extends Omit<CompetingComponents, OwnParts> {
  readonly receipts: ReceiptStore;
  /** Texts that fill jobs up, in kinds of market that use them. */
  readonly reserve?: Reserve;
  /** Where texts lie, by the market's base encoder. */
  readonly positionsOf?: PositionsOf;
  /** Where a text lies: those of one region go together. */
  readonly regionOf?: (text: string) => number | undefined;
  /** Bounds the exams that run at once, also those of other markets that share it. */
  readonly slots: Slots;
  /** Told of each decided order once its record is durable. */
  readonly onRecord: (id: string, record: ReceiptRecord) => void;
  /** Told of experts that contradict themselves in texts that everybody may see. */
  readonly onContradiction?: (found: ContradictingExpert) => void;
  /** Told of each settlement once the view has taken it in and the receipts say so. */
  readonly onSettled?: (settlement: SettlementBody) => void;
  readonly onWarning: (message: string) => void;
}
/** What it makes itself. */
type OwnParts = 'market' | 'orders' | 'keepRoster';

export interface CoordinatorRole extends Pick<GapFiller, 'voidGaps'> {
  readonly id: NodeId;
  readonly orders: ClientOrders;
  readonly settler: Settler;
  serve(request: TextRequest): Promise<ServedText>;
  /** Has experts examined on a text that nobody wants served. Rejects with `input-too-short` for one that cannot be cut. */
  examine(request: TextRequest): Promise<ExaminedText>;
  /** What one expert states for a text, as it does for clients: see `EditionService`. */
  ask(worker: NodeId, request: TextRequest): Promise<Uint8Array>;
  /** Records that are answered but not yet durable or tallied; settled by `close`. */
  openSessions(): readonly RoutedSession[];
  /** Finishes what is open. What is decided then, the settler still settles, until that is closed. */
  close(): Promise<void>;
}

/**
 * The gateway's side of a market: takes the clients' orders, serves their texts by an edition, has experts examined on some of
 * them, keeps a record of each order and settles it. Order numbers that an earlier process lost are voided, so that those after them can be settled.
 */
export function coordinatorRole(
  init: CoordinatorInit,
): (components: CoordinatorComponents) => CoordinatorRole {
  return (given) => {
    const { keys, market, ownerKey, unsettled = [] } = init;
    const { view, ledger, receipts, onWarning } = given;
    const id = keys.publicKey as NodeId;
    const orders = ordersAfter(unsettled, ledger, market, init.keysOf);
    const settler = createSettler({
      ...given,
      market,
      gateway: id,
      ownerKey,
      orders,
      intervalMs: init.settleEveryMs,
    });
    const records = createRecords({ ...given, market, orders, settler });
    const keepRoster = rosterKeeper(receipts, view, onWarning);
    const serving = { ...given, keys, market, orders, records, keepRoster };
    const editions = createEditionService(serving, statementChecker(serving));
    const exams = batchQueue({
      slots: given.slots,
      clock: given.clock,
      mostData: () => view.task.mostData(view.current().roster.parameters),
      run: (batch) => compete(serving, batch),
      waitMs: init.waitForOthersMs,
      regionOf: given.regionOf,
    });
    const gaps = gapFiller({ market, ledger, records, onWarning });
    for (const order of unsettled) settler.add(order);
    gaps.voidGaps(unsettled.map(({ record }) => record.effects));

    return {
      id,
      orders,
      settler,
      async serve(request) {
        records.assertStoring();
        return serveText({ ...serving, editions, exams }, request);
      },
      async examine(request) {
        records.assertStoring();
        return examineText({ ...serving, editions, exams }, request);
      },
      async ask(worker, request) {
        records.assertStoring();
        return editions.ask(worker, request);
      },
      openSessions: editions.openSessions,
      voidGaps: gaps.voidGaps,
      async close() {
        await editions.close();
        await gaps.done();
        await records.close();
      },
    };
  };
}
