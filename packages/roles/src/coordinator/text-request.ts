import type { ServiceMode } from '@market-of-experts/api/embeddings';
import type { AccountId, Amount, Clock, MarketId, NodeId, Random } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import {
  basePricePerKilobyte,
  type EditionPart,
  feeOf,
  type OrderBody,
  type Statement,
} from '@market-of-experts/protocol';
import type { RollCaller } from '../settlement/roll-caller.ts';
import type { LedgerView } from '../view/ledger-view.ts';
import type { MarketView } from '../view/market-view.ts';
import type { ClientOrders } from './client-orders.ts';
import type { Caller } from './turns.ts';

/** What every way of serving a text needs. */
export interface ServingComponents {
  readonly market: MarketId;
  readonly transport: Transport;
  readonly view: LedgerView;
  readonly ledger: Ledger;
  readonly orders: ClientOrders;
  readonly clock: Clock;
  readonly random: Random;
  readonly countTokens: (text: string) => number;
  /** Keeps what receipts refer to by hash. */
  readonly keepRoster: (hash: string) => void;
  /** Whether a part's expert can be asked, also while it takes part in no exam, and has the model that the edition names. */
  readonly isPartHere: (part: EditionPart) => boolean;
  /** What people call an expert. */
  readonly nameOf: (node: NodeId) => string;
}

/** What a competition needs besides. */
export interface CompetingComponents extends ServingComponents {
  /** Told when a job lacked a validator. */
  readonly rollCaller?: RollCaller;
  /** Told of contradicting statements that the coordinator comes upon. */
  readonly onEquivocation?:
    | ((statements: readonly [Statement, Statement], orders: readonly OrderBody[]) => void)
    | undefined;
}

/** One text to serve, and on what terms. */
export interface TextRequest {
  readonly account: AccountId;
  readonly text: string;
  readonly mode: ServiceMode;
  /** Number of the edition; default the one in force. */
  readonly edition?: number | undefined;
  /** Rather no vector than one in which a part is missing. */
  readonly isStrict?: boolean | undefined;
  /** Most that all work on the text may cost together. */
  readonly maxFeeMicro: Amount | undefined;
  readonly kind: 'client' | 'house';
  /** Whether everybody may read the text. */
  readonly isTextPublic: boolean;
  readonly signal: AbortSignal;
  /** What of the same request is not begun yet: an exam by chance leaves it its money. */
  readonly waiting?: () => { readonly texts: number; readonly bytes: number };
  /** Whose text it is: those of one caller wait in line, those of several take turns. */
  readonly caller?: Caller;
}

/** What each expert gets now that works on a text of so many bytes, and the winner of its exam. */
export function priceOf(bytes: number, view: MarketView): Amount {
  return feeOf(bytes, basePricePerKilobyte(view.current().roster.experts), 0n);
}
