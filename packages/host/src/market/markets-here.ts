import { type MarketId, MoeError } from '@market-of-experts/core';
import type { MarketRuntime } from './market-runtime.ts';
import { closedByOwner } from './retire-market.ts';

/** What a market of the ledger is to this process. */
export type MarketHere =
  | { readonly kind: 'open'; readonly runtime: MarketRuntime }
  /** It is not served, or no more. */
  | { readonly kind: 'left-out'; readonly reason: string }
  /** It could not be opened, which may pass. */
  | { readonly kind: 'failed'; readonly reason: string; readonly attempts: number; isDue: boolean }
  | { readonly kind: 'ended' };

export type MarketsHere = ReadonlyMap<MarketId, MarketHere>;

/** In the order in which they were opened. */
export function openMarkets(here: MarketsHere): MarketRuntime[] {
  return [...here.values()].flatMap((known) => (known.kind === 'open' ? [known.runtime] : []));
}

/** Throws `unknown-market`, `market-not-served` or `market-closed`. */
export function servingMarket(here: MarketsHere, market: MarketId): MarketRuntime {
  const known = here.get(market);
  if (known?.kind === 'open') return known.runtime;
  if (known?.kind === 'ended') throw closedByOwner(market);
  if (known === undefined)
    throw new MoeError(
      'unknown-market',
      `There is no market "${market}" here. GET /v1/models lists those that there are.`,
    );
  throw new MoeError(
    'market-not-served',
    `The market "${market}" is on the ledger, but this node does not serve it: ${known.reason}.`,
    { metadata: { param: 'model' }, isRetryable: known.kind === 'failed' },
  );
}

/** Why a market of the ledger is not served here; undefined where it is, or where there is none. */
export function reasonAgainst(here: MarketsHere, market: MarketId): string | undefined {
  const known = here.get(market);
  return known?.kind === 'left-out' || known?.kind === 'failed' ? known.reason : undefined;
}
