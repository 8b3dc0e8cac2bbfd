import { type MarketId, MoeError, messageOf } from '@market-of-experts/core';
import type { Market, TransactionKind } from '@market-of-experts/protocol';
import { hasMarketDirectory, type MarketStore, openMarketStore } from '../directory/market-store.ts';
import { foundedMarketId } from '../genesis/genesis-terms.ts';
import { leaveMarket } from '../house/enrol-expert.ts';
import type { HousePool } from '../house/expert-pool.ts';
import { readJoiningChoice } from '../house/joined-markets.ts';
import { releaseClients, strandedMarkets } from '../house/prepaid.ts';
import { joiningRules } from './joining-rules.ts';
import { type MarketRuntime, openMarketRuntime } from './market-runtime.ts';
import { type MarketHere, openMarkets, reasonAgainst, servingMarket } from './markets-here.ts';
import type { ProcessParts } from './process-parts.ts';
import { closedByOwner } from './retire-market.ts';

/** The markets of the ledger that this process serves: opened and closed as the ledger, and its operator, say. */
export interface MarketHost {
  /** The market that programs get that name none. It stays readable after its owner has closed it. */
  readonly first: MarketRuntime;
  /** Markets that are served now, in the order in which they were opened. */
  open(): readonly MarketRuntime[];
  /** Throws `unknown-market`, `market-not-served` or `market-closed`. */
  serving(market: MarketId): MarketRuntime;
  /** Why a market of the ledger is not served here; undefined where it is, or where there is none. */
  reasonAgainst(market: MarketId): string | undefined;
  /** Looks again whether all is as the ledger and the operator say. */
  look(): void;
  /** Resolves when every market is opened, or closed, as the ledger says. */
  settled(): Promise<void>;
  /** Follows the ledger no more, and closes all markets: what is open in them is finished and settled. */
  close(): Promise<void>;
}

/** After these it may be that a market must be opened, left or closed. */
const watched: ReadonlySet<TransactionKind> = new Set([
  'createMarket',
  'updateMarket',
  'closeMarket',
  'endEpoch',
]);
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Opens the first market, then all others of the ledger, and from then on what the ledger brings. */
export async function openMarketHost(
  parts: ProcessParts,
  experts: HousePool,
  firstMarket: MarketId,
): Promise<MarketHost> {
  const { ledger } = parts.embedded;
  const { onWarning, clock } = parts;
  const { keys, spending } = parts.house;
  const rules = joiningRules(parts);
  const here = new Map<MarketId, MarketHere>();
  const warned = new Set<string>();
  const stopped = new AbortController();
  const retiring = new Set<Promise<void>>();
  const allowance = { spending, mostMicro: () => readJoiningChoice(parts.dataDir).budgetMicro };
  /** The market that the data directory was founded with has it for itself, and its receipts are beside the ledger. */
  const storeOf = (market: MarketId): MarketStore =>
    market === foundedMarketId
      ? // They are closed with the ledger, which lives in the same files.
        { directory: parts.dataDir, receipts: parts.embedded.receipts, close: async () => undefined }
      : openMarketStore(parts.dataDir, market);
  const hasStore = (market: MarketId): boolean =>
    market === foundedMarketId || hasMarketDirectory(parts.dataDir, market);

  const openRuntime = (record: Market, isOpen: boolean): Promise<MarketRuntime> =>
    openMarketRuntime(parts, {
      market: record.market,
      store: storeOf(record.market),
      isOpen,
      ...(rules.isOwn(record) ? {} : { allowance }),
    });
  const firstRecord = ledger.market(firstMarket)!;
  const first = await openRuntime(firstRecord, !hasEnded(firstRecord, ledger.settings().epoch));
  here.set(firstMarket, { kind: 'open', runtime: first });

  const leaveOut = (market: MarketId, reason: string): void => {
    const known = here.get(market);
    here.set(market, { kind: 'left-out', reason });
    if (known?.kind !== 'left-out' || known.reason !== reason)
      onWarning(`The market "${market}" is not served here: ${reason}.`);
  };

  const retire = (market: MarketId, runtime: MarketRuntime, why = closedByOwner(market)): void => {
    here.set(market, { kind: 'ended' });
    const task = runtime
      .retire(why, stopped.signal)
      .catch((error: unknown) =>
        onWarning(`"${market}" did not end well, and will be ended at the next start: ${messageOf(error)}`),
      )
      .finally(() => retiring.delete(task));
    retiring.add(task);
  };

  const open = async (record: Market, isOpen: boolean): Promise<MarketRuntime> => {
    await Promise.all(retiring);
    const runtime = await openRuntime(record, isOpen);
    here.set(record.market, { kind: 'open', runtime });
    if (isOpen) await experts.join(runtime);
    return runtime;
  };

  /** Of a market that is not served, an earlier process may have left something to settle and to give back. */
  const endWhatIsLeft = async (record: Market): Promise<void> => {
    const { market } = record;
    if (here.has(market) || !hasStore(market)) return;
    if (rules.canServe(record)) retire(market, await open(record, false));
  };

  /** Brings one market to where the ledger and the operator say it is. */
  const follow = async (record: Market, epoch: number, joined: ReadonlySet<MarketId>): Promise<void> => {
    const { market } = record;
    const known = here.get(market);
    if (hasEnded(record, epoch)) {
      if (known?.kind === 'open') retire(market, known.runtime);
      else await endWhatIsLeft(record);
      return;
    }
    // Its owner has announced the end, and it is served until then.
    const isClosing = record.closesAtEpoch !== undefined && known?.kind === 'open';
    const reason = isClosing ? undefined : rules.reasonAgainst(record, joined);
    if (reason !== undefined) {
      if (known?.kind === 'open' && market === firstMarket) {
        // Programs that name no market are told that nobody answers there.
        if (!warned.has(reason)) onWarning(`The house's experts leave "${market}": ${reason}.`);
        warned.add(reason);
        return leaveMarket(parts.embedded, keys, spending, market);
      }
      if (known?.kind === 'open') {
        const why = new MoeError(
          'market-not-served',
          `This node serves the market "${market}" no more: ${reason}.`,
          { metadata: { param: 'model' } },
        );
        retire(market, known.runtime, why);
      } else await endWhatIsLeft(record);
      leaveOut(market, reason);
      await leaveMarket(parts.embedded, keys, spending, market);
      return;
    }
    if (known?.kind === 'open') return;
    if (known?.kind === 'failed' && !known.isDue) return;
    await open(record, true);
  };

  /** A passing error: it is tried again, ever more seldom. */
  const failed = (market: MarketId, error: unknown): void => {
    const before = here.get(market);
    // What is open, left or ended stays so; what could not be done is tried at the next look.
    if (before !== undefined && before.kind !== 'failed') {
      onWarning(`"${market}": ${messageOf(error)}`);
      return;
    }
    const attempts = (before?.attempts ?? 0) + 1;
    const pauseMs = Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs);
    const reason = messageOf(error);
    const known: MarketHere = { kind: 'failed', reason, attempts, isDue: false };
    here.set(market, known);
    onWarning(
      `The market "${market}" is not served here for now, and will be tried again in ${pauseMs / 1_000} s: ${reason}`,
    );
    // Not by the time of day: a timer may wake a moment early, and the look would come to nothing.
    const retry = (): void => {
      known.isDue = true;
      lookSoon();
    };
    void clock.sleep(pauseMs, stopped.signal).then(retry, () => undefined);
  };

  const look = async (): Promise<void> => {
    const { epoch } = ledger.settings();
    const markets = ledger.markets();
    const joined = rules.joined();
    const onLedger = new Set(markets.map(({ market }) => market));
    for (const [market, known] of here) {
      if (onLedger.has(market)) continue;
      if (known.kind === 'open') retire(market, known.runtime);
      else if (market !== firstMarket) here.delete(market);
    }
    for (const record of markets) {
      if (stopped.signal.aborted) return;
      try {
        await follow(record, epoch, joined);
      } catch (error) {
        failed(record.market, error);
      }
    }
    // Nothing is settled in a market that is gone, whatever is still told to those who ask it.
    const stranded = retiring.size > 0 ? [] : strandedMarkets(ledger, parts.gateway.clients);
    for (const market of stranded)
      await releaseClients(ledger, parts.gateway.clients, market).catch((error: unknown) =>
        onWarning(`Money in the closed market "${market}" could not be given back yet: ${messageOf(error)}`),
      );
    for (const { market } of spending.entries())
      if (!onLedger.has(market)) await leaveMarket(parts.embedded, keys, spending, market);
    // Whom a market was too dear for in the last epoch may pay its price in this one.
    for (const known of here.values())
      if (known.kind === 'open' && known.runtime !== first) await experts.join(known.runtime);
  };
  let looking = Promise.resolve();
  const lookSoon = (): void => {
    if (stopped.signal.aborted) return;
    looking = looking.then(look).catch((error: unknown) => onWarning(messageOf(error)));
  };
  const unsubscribe = ledger.onApplied(({ transaction }) => {
    if (watched.has(transaction.kind)) lookSoon();
  });
  lookSoon();
  await looking;

  return {
    first,
    open: () => openMarkets(here),
    serving: (market) => servingMarket(here, market),
    reasonAgainst: (market) => reasonAgainst(here, market),
    look: lookSoon,
    async settled() {
      await looking;
      await Promise.all(retiring);
    },
    async close() {
      unsubscribe();
      stopped.abort(new MoeError('market-closed', 'The market is closing.'));
      await looking;
      await Promise.all(retiring);
      const ends = await Promise.allSettled(openMarkets(here).map((runtime) => runtime.close()));
      const failure = ends.find((end) => end.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    },
  };
}

function hasEnded({ closesAtEpoch }: Market, epoch: number): boolean {
  return closesAtEpoch !== undefined && closesAtEpoch <= epoch;
}
