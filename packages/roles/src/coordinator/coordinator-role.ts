import type { ServedText } from '@market-of-experts/api/market-service';
import {
  type AccountId,
  type KeyPair,
  type MarketId,
  MoeError,
  type NodeId,
  type OwnerKey,
} from '@market-of-experts/core';
import type { ReceiptStore } from '@market-of-experts/ledger';
import type { SettlementBody } from '@market-of-experts/protocol';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import type { ClientOrders } from './client-orders.ts';
import { compete } from './competition.ts';
import { createMerit, type MeritInit } from './merit.ts';
import { createRecords } from './records.ts';
import { rosterKeeper } from './roster-keeper.ts';
import type { RoutedSession } from './routed-session.ts';
import { createRouting } from './routing.ts';
import { createSettler, type Settler } from './settler.ts';
import type { Slots } from './slots.ts';
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
  /** How long decided orders are collected before they are settled together; default 300 ms. */
  readonly settleEveryMs?: number | undefined;
}

export interface CoordinatorComponents extends Omit<CompetingComponents, OwnParts> {
  readonly receipts: ReceiptStore;
  /** A cheap skill of the market's kind: routed mode then asks whoever is best for texts like the one at hand. */
  readonly router?: MeritInit['router'];
  /** Bounds the jobs that run at once, also those of other markets that share it. */
  readonly slots: Slots;
  /** Told of each decided order once its record is durable. */
  readonly onRecord: (id: string, record: ReceiptRecord) => void;
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
  /** Records that are answered but not yet durable or tallied; settled by `close`. */
  openSessions(): readonly RoutedSession[];
  /** Finishes what is open. What is decided then, the settler still settles, until that is closed. */
  close(): Promise<void>;
}

/** How sure it must be that one expert is the best for a text before `auto` asks it alone. */
const sureEnough = 0.95;

/**
 * The gateway's side of a market: takes the clients' orders, has experts compete or routes, keeps a record of each and settles
 * them. Order numbers that an earlier process lost are voided, so that those after them can be settled.
 */
export function coordinatorRole(
  init: CoordinatorInit,
): (components: CoordinatorComponents) => CoordinatorRole {
  return (given) => {
    const { keys, market, ownerKey, unsettled = [] } = init;
    const { view, ledger, receipts, random, slots, onWarning } = given;
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
    const routing = createRouting(serving);
    const merit = createMerit(given);
    const gaps = gapFiller({ market, ledger, records, onWarning });
    for (const order of unsettled) settler.add(order);
    gaps.voidGaps(unsettled.map(({ record }) => record.effects));

    return {
      id,
      orders,
      settler,
      async serve(request) {
        records.assertStoring();
        const { parameters } = view.current().roster;
        const bytes = Buffer.byteLength(request.text);
        if (bytes > parameters.maximumTextBytes)
          throw new MoeError(
            'input-too-large',
            `The text has ${bytes} bytes; this market serves texts of at most ${parameters.maximumTextBytes}. Split it.`,
          );
        const isAudit = (): boolean =>
          random.bytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % 10_000 < parameters.auditBps;
        const run = () => slots.run(() => compete(serving, request, bytes), request);
        const canCompete = view.task.tooShort(request.text, parameters) === undefined;
        if (canCompete && (request.mode === 'shard' || isAudit())) return run();
        const { experts, confidence } = await merit(request.text, request.signal);
        // A competition costs several times the work and time: `auto` holds one where it may find a better expert.
        if (canCompete && request.mode === 'auto' && confidence < sureEnough) return run();
        return routing.route(request, bytes, experts);
      },
      openSessions: routing.openSessions,
      voidGaps: gaps.voidGaps,
      async close() {
        await routing.close();
        await gaps.done();
        await records.close();
      },
    };
  };
}
