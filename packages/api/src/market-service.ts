import type { AccountId, Amount, Hash, MarketId, NodeId } from '@market-of-experts/core';
import type { PrepaidBalance } from './balance.ts';
import type { ServiceMode } from './embeddings.ts';
import type { MarketEvent } from './events.ts';
import type { LedgerService } from './ledger-service.ts';
import type { MarketListing } from './models.ts';
import type { Receipt } from './receipts.ts';
import type { Region } from './regions.ts';
import type { Viewer } from './shown-text.ts';
import type { MarketStatus, Readiness } from './status.ts';

/** Texts to be served in one market, and on what terms. */
export interface ServeRequest {
  readonly account: AccountId;
  readonly market: MarketId;
  readonly texts: readonly string[];
  readonly mode?: ServiceMode;
  /** Number of the edition that serves them; default the one in force. */
  readonly edition?: number;
  /** Rather no answer than one in which a part is missing. */
  readonly isStrict?: boolean;
  /** Lets everybody read the beginning of the texts, in lists, events and receipts; default: only who pays. */
  readonly isTextPublic?: boolean;
  /** Most that one text may cost, an exam on it included; default: what the market asks. */
  readonly maxFeeMicro?: Amount;
  readonly signal?: AbortSignal;
}

export interface ServedText {
  /** As the market's kind writes one: for text embeddings a unit vector, float32, little-endian. */
  readonly answer: Uint8Array;
  /** Of the edition, of each part that answered, and of the exam where there was one. */
  readonly receiptId: string;
  /** Number of the edition. */
  readonly edition: number;
  /** Experts of the edition that gave no answer: their parts are zero. */
  readonly missing: readonly NodeId[];
  /** Whether experts were examined on it. */
  readonly isExamined: boolean;
  readonly feeMicro: Amount;
  readonly tokens: number;
}

/** A region, with means and expectations of credits before they are rounded to whole micro-credits. */
export interface RegionListing extends Omit<Region, 'meanFeeMicro' | 'earningsMicro'> {
  readonly meanFeeMicro: number;
  readonly earningsMicro: number;
}

/**
 * Told of what happens as anybody may see it. `toldTo` gives the same as somebody sees it who may see more, and the very same
 * object to everybody else.
 */
export type EventListener = (event: MarketEvent, toldTo: (viewer: Viewer) => MarketEvent) => void;

/**
 * The running markets of a node, as programs above it see them. Rejections are `MoeError`s with the codes
 * `unknown-market`, `market-not-served`, `invalid-input`, `input-too-large`, `insufficient-funds`, `fee-too-low`,
 * `unknown-edition`, `no-quorum` (retryable), `edition-incomplete` (retryable), `overloaded` (retryable), `request-aborted`, `market-closed`.
 */
export interface MarketService {
  /** The account that an API key pays from. */
  authenticate(apiKey: string): AccountId | undefined;
  /** The first market first; those that the ledger has and this node does not serve are in it too. */
  markets(): readonly MarketListing[];
  serve(request: ServeRequest): Promise<readonly ServedText[]>;
  /**
   * JSON-ready receipt with everything needed to re-verify the job (amounts as decimal strings, bytes as base64); with the
   * text where the viewer may read it.
   */
  receipt(receiptId: string, viewer?: Viewer): Promise<Receipt | undefined>;
  /** Content-addressed data that receipts refer to (rosters, places). */
  blob(hash: Hash): Promise<Uint8Array | undefined>;
  /** Prepaid money in one market; default the first. Each has its own. */
  balance(account: AccountId, market?: MarketId): PrepaidBalance;
  /** As the viewer may see it; without one, as everybody may. */
  status(viewer?: Viewer): MarketStatus;
  /** Cheap enough to be asked all the time; never throws. */
  readiness(): Readiness;
  /** Regions of a market's history, the most lucrative first for an expert of this mean loss (default: the market's mean). */
  regions(options?: {
    readonly expertLoss?: number;
    readonly market?: MarketId;
  }): Promise<readonly RegionListing[]>;
  subscribe(listener: EventListener): () => void;
  /** The market's ledger: what accounts, nodes and markets have, and how transactions reach it. */
  readonly ledger: LedgerService;
}
