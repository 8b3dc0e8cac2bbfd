import type { MarketService } from '@market-of-experts/api/market-service';
import { type AccountId, type Hash, MoeError } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { serialisePlaces } from '@market-of-experts/protocol';
import { rosterId } from '@market-of-experts/receipts/receipt-record';
import { receiptDocument } from '@market-of-experts/roles/receipts/receipt-document';
import type { JobFeed } from '../events/job-feed.ts';
import type { HousePool } from '../house/expert-pool.ts';
import { attendanceFacts } from '../ledger-facts/attendance.ts';
import type { MarketHost } from '../market/market-host.ts';
import { ledgerService } from './ledger-service.ts';
import { marketListings, servedMarket } from './market-listing.ts';
import { readinessOf } from './readiness.ts';

export interface ServiceComponents {
  readonly version: string;
  readonly ledger: Ledger;
  readonly host: MarketHost;
  readonly experts: HousePool;
  readonly feed: JobFeed;
  readonly authenticate: (apiKey: string) => AccountId | undefined;
  /** Whom the API key of the data directory belongs to. */
  readonly clientAccount: AccountId;
  /** What the operator should know and do: sentences. */
  readonly notices: () => readonly string[];
}

/** The embedded markets as programs see them, and what their owner needs to end them. */
export interface OpenService {
  readonly service: MarketService;
  /** Takes no more requests; resolves when those under way have their answers. */
  close(): Promise<void>;
}

const listedJobs = 50;

export function marketService(components: ServiceComponents): OpenService {
  const { ledger, host, experts, feed } = components;
  const { first } = host;
  const startedAtMs = Date.now();
  let refusal: MoeError | undefined;
  const listings = () => marketListings(host, ledger, startedAtMs);
  /** The first market is readable to the end, whatever became of it. */
  const readable = () => [first, ...host.open().filter((runtime) => runtime !== first)];

  const service: MarketService = {
    authenticate: components.authenticate,
    markets: listings,
    serve: async (request) => {
      if (refusal !== undefined) throw refusal;
      // What cannot be recorded cannot be paid, however short the text.
      const health = ledger.health();
      if (!health.isWritable)
        throw new MoeError('ledger-failed', `Nothing is embedded for now: ${health.reason}`, {
          isRetryable: true,
        });
      return host.serving(request.market).requests.serve(request);
    },
    receipt: async (id, viewer) => {
      for (const { receipts, nameOf, coordinator, editions } of readable()) {
        const document = await receiptDocument(id, viewer, {
          receipts,
          nameOf,
          openSessions: () => coordinator.openSessions(),
          editionOf: editions.byHash,
        });
        if (document !== undefined) return document;
      }
      return undefined;
    },
    blob: async (hash: Hash) => {
      const runtimes = readable();
      const places = runtimes.find((runtime) => runtime.places.hash === hash)?.places;
      if (places !== undefined) return new TextEncoder().encode(serialisePlaces(places));
      for (const { receipts, exams } of runtimes) {
        const bytes = (await receipts.get(rosterId(hash))) ?? (await exams.blob(hash));
        if (bytes !== undefined) return bytes;
      }
      return undefined;
    },
    balance: (account, market) =>
      (market === undefined ? first : host.serving(market)).coordinator.orders.balance(account),
    status: (viewer) => {
      const { id: _, state, ...ofFirst } = servedMarket(first, ledger);
      return {
        ...ofFirst,
        version: components.version,
        network: ledger.network,
        startedAtMs,
        markets: listings(),
        served: host.open().map((runtime) => servedMarket(runtime, ledger)),
        experts: [...ofFirst.experts, ...experts.waiting()],
        validators: ledger.validators().map(({ node, name, stakeMicro }) => ({ id: node, name, stakeMicro })),
        ledger: { height: ledger.height(), stateRoot: ledger.stateRoot(), totalMicro: ledger.totalMicro() },
        attendance: attendanceFacts(ledger.tables()).sentences,
        notices: components.notices(),
        recentJobs: feed.recent(listedJobs, viewer),
      };
    },
    readiness: () =>
      refusal === undefined
        ? readinessOf({
            ledger,
            first,
            isOver: () => !host.open().includes(first),
            missingParts: () =>
              (first.editions.get()?.parts ?? [])
                .filter((part) => !first.experts.isPartHere(part))
                .map(({ node }) => first.nameOf(node)),
            joining: () => experts.waiting().map(({ name }) => name),
            clientAccount: components.clientAccount,
            nowMs: () => Date.now(),
          })
        : { isReady: false, reasons: [closing(refusal)], needsRestart: false },
    regions: (options) =>
      (options?.market === undefined ? first : host.serving(options.market)).history.regions(
        options?.expertLoss,
      ),
    subscribe: (listener) => feed.subscribe(listener),
    ledger: ledgerService(ledger),
  };
  return {
    service,
    async close() {
      refusal = new MoeError('market-closed', 'The market is closing. Try again when it is back.', {
        isRetryable: true,
      });
      await Promise.all(host.open().map(({ requests }) => requests.shut(refusal!)));
    },
  };
}

function closing({ code, message }: MoeError): { readonly code: string; readonly message: string } {
  return { code, message };
}
