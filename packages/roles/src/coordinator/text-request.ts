import type { ServiceMode } from '@market-of-experts/api/embeddings';
import {
  type AccountId,
  type Amount,
  type Clock,
  type MarketId,
  MoeError,
  type Random,
} from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import {
  basePricePerKilobyte,
  type Delivery,
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
  readonly delivery: Delivery;
  readonly maxFeeMicro: Amount | undefined;
  readonly kind: 'client' | 'house';
  /** Whether everybody may read the text. */
  readonly isTextPublic: boolean;
  readonly signal: AbortSignal;
  /** Whose text it is: those of one caller wait in line, those of several take turns. */
  readonly caller?: Caller;
}

/** What the text costs now. Throws `fee-too-low` when that is more than the request allows. */
export function feeWithin(request: TextRequest, bytes: number, view: MarketView): Amount {
  const feeMicro = feeOf(bytes, basePricePerKilobyte(view.current().roster.experts), 0n);
  if (request.maxFeeMicro !== undefined && feeMicro > request.maxFeeMicro)
    throw new MoeError(
      'fee-too-low',
      `This text costs ${feeMicro} micro-credits; the request allows ${request.maxFeeMicro}. Raise the limit or send less text.`,
    );
  return feeMicro;
}
