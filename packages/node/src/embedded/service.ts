import { type AccountId, type Hash, type MarketId, MoeError, type NodeId } from '@moe/core';
import { type CalibrationStore, type Places, serialisePlaces } from '@moe/history';
import type { EmbeddedLedger } from '@moe/ledger';
import { basePricePerKilobyte } from '@moe/protocol';
import type { ClientOrders } from '../coordinator/client-orders.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { Settler } from '../coordinator/settler.ts';
import type { LedgerView } from '../market/ledger-view.ts';
import type { OrderTotals } from '../market/standings-file.ts';
import type { MarketListing, MarketService } from '../market-service.ts';
import { receiptDocument } from '../receipts/receipt-document.ts';
import { rosterId } from '../receipts/receipt-record.ts';
import type { ExpertPool } from './expert-pool.ts';
import type { JobFeed } from './job-feed.ts';
import { ledgerService } from './ledger-service.ts';
import type { MarketHistory } from './market-history.ts';

export interface ServiceComponents {
  readonly market: MarketId;
  readonly version: string;
  readonly embedded: EmbeddedLedger;
  readonly view: LedgerView;
  readonly orders: ClientOrders;
  readonly settler: Settler;
  readonly coordinator: Coordinator;
  readonly experts: ExpertPool;
  readonly calibration: CalibrationStore;
  readonly calibrationTarget: number;
  readonly places: Places;
  readonly feed: JobFeed;
  readonly authenticate: (apiKey: string) => AccountId | undefined;
  readonly houseAccount: AccountId;
  readonly totals: () => OrderTotals;
  readonly history: MarketHistory;
  readonly nameOf: (node: NodeId) => string;
}

const neverAborted = new AbortController().signal;

/** The embedded market as programs see it, and what its owner needs to end it. */
export interface OpenService {
  readonly service: MarketService;
  /** Takes no more requests; resolves when those under way have their answers. */
  close(): Promise<void>;
}

export function marketService(components: ServiceComponents): OpenService {
  const { market, embedded, view, orders, coordinator, experts, calibration, feed } = components;
  const { ledger, receipts } = embedded;
  const startedAtMs = Date.now();
  const underWay = new Set<Promise<unknown>>();
  let isClosed = false;
  const listing = (): MarketListing => {
    const { roster } = view.current();
    return {
      id: market,
      task: 'text-embedding',
      dimensions: roster.parameters.dimensions,
      createdMs: startedAtMs,
      aliases: [market, 'moe'],
      maxTextBytes: roster.parameters.maximumTextBytes,
      pricePerKilobyteMicro: basePricePerKilobyte(roster.experts),
    };
  };

  const service: MarketService = {
    authenticate: components.authenticate,
    markets: () => [listing()],
    embed: async (request) => {
      if (isClosed)
        throw new MoeError('market-closed', 'The market is closing. Try again when it is back.', {
          isRetryable: true,
        });
      if (request.market !== market)
        throw new MoeError(
          'unknown-market',
          `There is no market "${request.market}". This one is "${market}".`,
        );
      const signal = request.signal ?? neverAborted;
      // One text that cannot be served ends the request; what is under way for the others is given up too.
      const failed = new AbortController();
      const each = request.texts.length === 1 ? signal : AbortSignal.any([signal, failed.signal]);
      const one = async (text: string) => {
        try {
          return await coordinator.embed({
            account: request.account,
            text,
            mode: request.mode ?? 'auto',
            delivery: request.delivery ?? 'ensemble',
            maxFeeMicro: request.maxFeeMicro,
            kind: request.account === components.houseAccount ? 'house' : 'client',
            signal: each,
          });
        } catch (error) {
          failed.abort(error);
          throw error;
        }
      };
      const texts = request.texts.map(one);
      const ended = Promise.allSettled(texts).finally(() => underWay.delete(ended));
      underWay.add(ended);
      try {
        return await Promise.all(texts);
      } catch (error) {
        if (signal.aborted) throw new MoeError('request-aborted', 'The client went away.', { cause: error });
        throw error;
      }
    },
    receipt: (id) =>
      receiptDocument(id, {
        receipts,
        nameOf: components.nameOf,
        calibrationChunks: (node) => calibration.chunkHashes(node),
        openSessions: () => coordinator.openSessions(),
      }),
    blob: async (hash: Hash) =>
      hash === components.places.hash
        ? new TextEncoder().encode(serialisePlaces(components.places))
        : (calibration.blob(hash) ?? (await receipts.get(rosterId(hash)))),
    balance: (account) => orders.balance(account),
    status: () => {
      const { calls: _, ...jobs } = components.totals();
      const statuses = experts.status();
      return {
        version: components.version,
        network: ledger.network,
        startedAtMs,
        markets: [listing()],
        experts: statuses,
        validators: ledger.validators().map(({ node, name, stakeMicro }) => ({ id: node, name, stakeMicro })),
        jobs,
        settledMicro: ledger.market(market)!.settledMicro,
        pendingReceipts: components.settler.pending(),
        ledger: { height: ledger.height(), stateRoot: ledger.stateRoot(), totalMicro: ledger.totalMicro() },
        calibration: {
          pieces: Math.min(
            ...view.current().roster.experts.map(({ calibrationCount }) => calibrationCount),
            components.calibrationTarget,
          ),
          target: components.calibrationTarget,
        },
        history: {
          records: components.history.history.size,
          bytesPerRecord: components.history.history.bytesPerRecord,
        },
        recentJobs: feed.recent().slice(0, 50),
      };
    },
    regions: (options) => components.history.regions(options?.expertLoss),
    subscribe: (listener) => feed.subscribe(listener),
    ledger: ledgerService(ledger),
  };
  return {
    service,
    async close() {
      isClosed = true;
      await Promise.all(underWay);
    },
  };
}
