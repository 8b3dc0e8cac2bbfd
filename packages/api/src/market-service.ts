import type { AccountId, Amount, Hash, MarketId } from '@market-of-experts/core';
import type { LedgerService } from './ledger-service.ts';
import type { ShownText, Viewer } from './shown-text.ts';

export type { ShownText, Viewer };

/** How a datum is served: `shard` competes, `route` asks the historically best expert, `auto` picks. */
export type ServiceMode = 'auto' | 'shard' | 'route';
/** What is delivered from a shard (protocol.md, section 2.8). */
export type Delivery = 'ensemble' | 'expected-best' | 'winner';

export interface EmbedRequest {
  readonly account: AccountId;
  readonly market: MarketId;
  readonly texts: readonly string[];
  readonly mode?: ServiceMode;
  readonly delivery?: Delivery;
  /** Lets everybody read the beginning of the texts, in lists, events and receipts; default: only who pays. */
  readonly isTextPublic?: boolean;
  /** Most that one text may cost; default: what the market asks. */
  readonly maxFeeMicro?: Amount;
  readonly signal?: AbortSignal;
}

export interface EmbeddedText {
  /** Unit vector, length = the market's dimension. */
  readonly vector: Float32Array;
  readonly receiptId: string;
  readonly mode: 'shard' | 'route';
  readonly feeMicro: Amount;
  readonly tokens: number;
}

export interface MarketListing {
  readonly id: MarketId;
  readonly task: 'text-embedding';
  readonly dimensions: number;
  readonly createdMs: number;
  /** Names by which `/v1/embeddings` accepts this market as `model`, the id among them. */
  readonly aliases: readonly string[];
  /** Longest text served, in UTF-8 bytes. */
  readonly maxTextBytes: number;
  readonly pricePerKilobyteMicro: Amount;
  /** What its owner calls it. */
  readonly title?: string;
  /** Default `serving`. A market that closes is served until it does; one that is not served here says why. */
  readonly state?: 'serving' | 'closing' | 'not-served';
  readonly reason?: string;
  /** Its last epoch is the one before. */
  readonly closesAtEpoch?: number;
}

export interface ExpertStatus {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly state: 'training' | 'joining' | 'probation' | 'serving' | 'offline';
  /** Certified jobs in which the expert worked, for itself or for who called it. */
  readonly jobs: number;
  readonly wins: number;
  /** Friends that it called, and how often it won so. */
  readonly callsMade: CallTally;
  /** Members in whose place it worked, and how often they won so. */
  readonly callsAnswered: CallTally;
  /** Share of the fee that it asks when it is called. */
  readonly askBps: number;
  /** Certified mean loss, 0 perfect, 0.5 chance; undefined before the first job. */
  readonly meanLoss?: number;
  readonly earnedMicro: Amount;
  readonly slashedMicro: Amount;
  readonly stakeMicro: Amount;
  /** Held-out cosine similarity of the alignment to the market's space, if the expert is aligned. */
  readonly alignment?: number;
}

export interface CallTally {
  readonly jobs: number;
  readonly wins: number;
}

/** A cell of the space as somebody sees it who looks for work (protocol.md, section 8). */
export interface RegionListing {
  readonly place: number;
  readonly jobs: number;
  readonly jobsPerHour: number;
  readonly meanFeeMicro: number;
  readonly meanLoss: number;
  readonly best?: { readonly name: string; readonly meanLoss: number };
  /** Experts as equally strong ones would share the wins here. */
  readonly effectiveWinners: number;
  /** By how much winners win, in loss. */
  readonly losingMargin: number;
  /** What an expert of the loss asked about would earn here in 1,000 jobs of the market. */
  readonly earningsMicro: number;
  /** Beginning of the most central text, where this node knows it and everybody may read it. */
  readonly preview?: ShownText;
}

export interface JobSummary {
  readonly receiptId: string;
  /** The market that the job was done in; default the first. */
  readonly market?: MarketId;
  readonly atMs: number;
  readonly mode: 'shard' | 'route';
  readonly kind: 'client' | 'house';
  readonly outcome: 'certified' | 'refunded' | 'routed';
  /** Beginning of the text, where the reader may see it. */
  readonly preview?: ShownText;
  readonly place?: number;
  readonly members: readonly {
    readonly id: string;
    readonly name: string;
    /** Who worked in its place, and for which share of the fee. */
    readonly friend?: { readonly id: string; readonly name: string; readonly askBps: number };
    readonly loss?: number;
    readonly probation: boolean;
    /** What came of its entry, where it was not scored. */
    readonly outcome?: string;
    /** Whether that cost stake. */
    readonly slashed?: boolean;
  }[];
  readonly winner?: string;
  readonly feeMicro: Amount;
  readonly durationMs: number;
}

/** Whether the first market can do its work now: compete for a text, be paid and settle. */
export interface Readiness {
  readonly isReady: boolean;
  /** Everything that is in the way, each a sentence for people. Empty when ready. */
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
  /** It does not recover by itself: the process must be ended and started again. */
  readonly needsRestart: boolean;
}

/** One of several markets that are served side by side. */
export interface ServedMarket {
  readonly id: MarketId;
  readonly state: 'serving' | 'closing';
  readonly experts: readonly ExpertStatus[];
  readonly jobs: { readonly certified: number; readonly routed: number; readonly refunded: number };
  readonly settledMicro: Amount;
  readonly pendingReceipts: number;
  readonly history: { readonly records: number; readonly bytesPerRecord: number };
}

export interface MarketStatus {
  readonly version: string;
  readonly network: string;
  readonly startedAtMs: number;
  readonly markets: readonly MarketListing[];
  /** Every market that is served, the first one first. `experts`, `jobs` and the sums below are of the first alone. */
  readonly served?: readonly ServedMarket[];
  readonly experts: readonly ExpertStatus[];
  readonly validators: readonly { readonly id: string; readonly name: string; readonly stakeMicro: Amount }[];
  readonly jobs: { readonly certified: number; readonly routed: number; readonly refunded: number };
  readonly settledMicro: Amount;
  readonly pendingReceipts: number;
  readonly ledger: { readonly height: number; readonly stateRoot: Hash; readonly totalMicro: Amount };
  /** Which validators are missing, since when, and what will happen when: sentences for people. */
  readonly attendance: readonly string[];
  /** What the operator should know and do, such as money that runs out: sentences for people. */
  readonly notices: readonly string[];
  readonly calibration: { readonly pieces: number; readonly target: number };
  readonly history: { readonly records: number; readonly bytesPerRecord: number };
  readonly recentJobs: readonly JobSummary[];
}

/** What happens in the market, as it happens. Names are noun–verb. */
export type MarketEvent =
  | { readonly type: 'job-certified' | 'job-routed' | 'job-refunded'; readonly job: JobSummary }
  | { readonly type: 'expert-joined' | 'expert-left'; readonly expert: ExpertStatus }
  | {
      readonly type: 'expert-slashed';
      readonly market?: MarketId;
      readonly id: string;
      readonly name: string;
      readonly reason: string;
      readonly amountMicro: Amount;
      readonly receiptId: string;
    }
  | {
      readonly type: 'training-progressed';
      readonly name: string;
      readonly done: number;
      readonly total: number;
      readonly loss?: number;
    }
  | {
      readonly type: 'settlement-applied';
      readonly market?: MarketId;
      readonly jobs: number;
      readonly movedMicro: Amount;
      readonly height: number;
    };

/**
 * Told of what happens as anybody may see it. `toldTo` gives the same as somebody sees it who may see more, and the very same
 * object to everybody else.
 */
export type EventListener = (event: MarketEvent, toldTo: (viewer: Viewer) => MarketEvent) => void;

/** What a client can order for, what its orders under way or unsettled may cost, and what it is taking out of the market. */
export interface PrepaidBalance {
  readonly availableMicro: Amount;
  readonly reservedMicro: Amount;
  /** Goes to its balance when that epoch begins, as far as no order that was open takes it before. */
  readonly leaving?: { readonly amountMicro: Amount; readonly fromEpoch: number };
}

/**
 * The running markets of a node, as programs above it see them. Rejections are `MoeError`s with the codes
 * `unknown-market`, `market-not-served`, `invalid-input`, `input-too-large`, `insufficient-funds`, `fee-too-low`,
 * `no-quorum` (retryable), `overloaded` (retryable), `request-aborted`, `market-closed`.
 */
export interface MarketService {
  /** The account that an API key pays from. */
  authenticate(apiKey: string): AccountId | undefined;
  /** The first market first; those that the ledger has and this node does not serve are in it too. */
  markets(): readonly MarketListing[];
  embed(request: EmbedRequest): Promise<readonly EmbeddedText[]>;
  /**
   * JSON-ready receipt with everything needed to re-verify the job (amounts as decimal strings, bytes as base64); with the
   * text where the viewer may read it.
   */
  receipt(receiptId: string, viewer?: Viewer): Promise<Record<string, unknown> | undefined>;
  /** Content-addressed data that receipts refer to (calibration vectors). */
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
