import { type MarketId, MoeError, messageOf } from '@moe/core';
import type { Market, TransactionKind } from '@moe/protocol';
import type { HousePool } from './expert-pool.ts';
import { type MarketRuntime, openMarketRuntime } from './market-runtime.ts';
import { hasMarketDirectory, type MarketStore, openMarketStore } from './market-store.ts';
import { releaseClients, strandedMarkets } from './prepaid.ts';
import type { ProcessParts } from './process-parts.ts';
import { closedByOwner } from './retire-market.ts';
import { problemOfServing } from './served-terms.ts';

/** The markets of the ledger that this process serves: opened and closed as the ledger says. */
export interface MarketHost {
  /** The first market, whose place is the data directory itself. It stays readable after its owner has closed it. */
  readonly first: MarketRuntime;
  /** Markets that are served now, in the order in which they were opened. */
  open(): readonly MarketRuntime[];
  /** Throws `unknown-market`, `market-not-served` or `market-closed`. */
  serving(market: MarketId): MarketRuntime;
  /** Why a market of the ledger is not served here; undefined where it is, or where there is none. */
  reasonAgainst(market: MarketId): string | undefined;
  /** Resolves when every market is opened, or closed, as the ledger says. */
  settled(): Promise<void>;
  /** Follows the ledger no more, and closes all markets: what is open in them is finished and settled. */
  close(): Promise<void>;
}

/** What a market of the ledger is to this process. */
type Place =
  | { readonly kind: 'open'; readonly runtime: MarketRuntime }
  /** It is not served, or no more. */
  | { readonly kind: 'left-out'; readonly reason: string }
  | { readonly kind: 'ended' };

/** After these it may be that a market must be opened or closed. */
const watched: ReadonlySet<TransactionKind> = new Set(['createMarket', 'closeMarket', 'endEpoch']);

/** Opens the first market, then all others of the ledger, and from then on what the ledger brings. */
export async function openMarketHost(
  parts: ProcessParts,
  experts: HousePool,
  firstMarket: MarketId,
  firstStore: MarketStore,
): Promise<MarketHost> {
  const { ledger } = parts.embedded;
  const { onWarning } = parts;
  const places = new Map<MarketId, Place>();
  const stopped = new AbortController();
  const retiring = new Set<Promise<void>>();

  const first = await openMarketRuntime(parts, {
    market: firstMarket,
    store: firstStore,
    isHouseMarket: true,
    isOpen: !hasEnded(ledger.market(firstMarket)!, ledger.settings().epoch),
  });
  places.set(firstMarket, { kind: 'open', runtime: first });

  const open = async ({ market, terms }: Market, isOpen: boolean): Promise<void> => {
    const problem = problemOfServing(terms, parts.space);
    if (problem !== undefined) {
      places.set(market, { kind: 'left-out', reason: problem });
      onWarning(`The market "${market}" is not served here: ${problem}.`);
      return;
    }
    const store = openMarketStore(parts.dataDir, market);
    const runtime = await openMarketRuntime(parts, { market, store, isHouseMarket: false, isOpen });
    places.set(market, { kind: 'open', runtime });
    if (isOpen) await experts.join(runtime);
  };

  const retire = (market: MarketId, runtime: MarketRuntime): void => {
    places.set(market, { kind: 'ended' });
    const task = runtime
      .retire(stopped.signal)
      .catch((error: unknown) =>
        onWarning(`"${market}" did not end well, and will be ended at the next start: ${messageOf(error)}`),
      )
      .finally(() => retiring.delete(task));
    retiring.add(task);
  };

  /** Brings one market to where the ledger says it is. */
  const follow = async (record: Market, epoch: number): Promise<void> => {
    const { market } = record;
    const place = places.get(market);
    const isOver = hasEnded(record, epoch);
    if (place?.kind === 'open') {
      if (isOver) retire(market, place.runtime);
      return;
    }
    // Of a market that is over, an earlier process may have left something to settle and to give back.
    if (isOver && (place !== undefined || !hasMarketDirectory(parts.dataDir, market))) return;
    if (place?.kind === 'left-out') return;
    await Promise.all(retiring);
    await open(record, !isOver);
    const opened = places.get(market);
    if (isOver && opened?.kind === 'open') retire(market, opened.runtime);
  };

  const look = async (): Promise<void> => {
    const { epoch } = ledger.settings();
    const markets = ledger.markets();
    const known = new Set(markets.map(({ market }) => market));
    for (const [market, place] of places) {
      if (known.has(market)) continue;
      if (place.kind === 'open') retire(market, place.runtime);
      else if (market !== firstMarket) places.delete(market);
    }
    for (const record of markets) {
      if (stopped.signal.aborted) return;
      try {
        await follow(record, epoch);
      } catch (error) {
        places.set(record.market, { kind: 'left-out', reason: messageOf(error) });
        onWarning(`The market "${record.market}" is not served here: ${messageOf(error)}`);
      }
    }
    // Whom a market was too dear for in the last epoch may pay its price in this one.
    for (const place of places.values())
      if (place.kind === 'open' && place.runtime !== first) await experts.join(place.runtime);
  };
  let looking = Promise.resolve();
  const lookSoon = (): void => {
    looking = looking.then(look).catch((error: unknown) => onWarning(messageOf(error)));
  };
  const unsubscribe = ledger.onApplied(({ transaction }) => {
    if (watched.has(transaction.kind) && !stopped.signal.aborted) lookSoon();
  });
  for (const market of strandedMarkets(ledger, parts.clients))
    await releaseClients(ledger, parts.clients, market).catch((error: unknown) =>
      onWarning(`Money in the closed market "${market}" could not be given back yet: ${messageOf(error)}`),
    );
  lookSoon();
  await looking;

  const opened = (): MarketRuntime[] =>
    [...places.values()].flatMap((place) => (place.kind === 'open' ? [place.runtime] : []));
  return {
    first,
    open: opened,
    serving(market) {
      const place = places.get(market);
      if (place?.kind === 'open') return place.runtime;
      if (place?.kind === 'ended') throw closedByOwner(market);
      if (place === undefined)
        throw new MoeError(
          'unknown-market',
          `There is no market "${market}" here. GET /v1/models lists those that there are.`,
        );
      throw new MoeError(
        'market-not-served',
        `The market "${market}" is on the ledger, but this node does not serve it: ${place.reason}.`,
        { metadata: { param: 'model' } },
      );
    },
    reasonAgainst(market) {
      const place = places.get(market);
      return place?.kind === 'left-out' ? place.reason : undefined;
    },
    async settled() {
      await looking;
      await Promise.all(retiring);
    },
    async close() {
      unsubscribe();
      stopped.abort(new MoeError('market-closed', 'The market is closing.'));
      await looking;
      await Promise.all(retiring);
      const ends = await Promise.allSettled(opened().map((runtime) => runtime.close()));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

function hasEnded({ closesAtEpoch }: Market, epoch: number): boolean {
  return closesAtEpoch !== undefined && closesAtEpoch <= epoch;
}
