import {
  type Amount,
  type Clock,
  type Hash,
  hashBytes,
  type MarketId,
  type NodeId,
  type OwnerKey,
  type Signed,
  signBody,
} from '@market-of-experts/core';
import {
  type Roster,
  type RoutedOrderBody,
  type RoutedTally,
  routedOrderDomain,
  saltedDataHash,
  type TallyBody,
  tallyDomain,
  tallyItemsHash,
} from '@market-of-experts/protocol';
import type { RoutedItem } from '@market-of-experts/receipts/receipt-record';
import { sessionId } from '@market-of-experts/receipts/session-id';
import type { TakenOrder } from './client-orders.ts';

/**
 * Routed work of one expert for one client under one order number: answered at once, signed for together. The
 * tally is closed when it is full or old; an expert that is not tallied has lent a fifth of a second of work.
 */
export interface RoutedSession {
  /** `ID-n` is the receipt of the n-th request. */
  readonly id: string;
  readonly order: TakenOrder;
  readonly worker: NodeId;
  /** In force when the session began: it names the worker's owner, even if the worker leaves meanwhile. */
  readonly roster: Roster;
  readonly hash: Hash;
  readonly openedMs: number;
  /** What the expert works for: signed by the client. */
  readonly signed: Signed<RoutedOrderBody>;
  readonly items: RoutedItem[];
  readonly kind: 'client' | 'house';
  readonly isTextPublic: boolean;
  preview: string;
  /** Salts of the items' data hashes. */
  readonly salts: Uint8Array[];
  /** Requests that are not answered yet: their money is set aside under this order. */
  inFlight: number;
  isClosed: boolean;
  /** Called when a closed session has answered its last request. */
  onDrained?: () => void;
}

export const maxItemsPerTally = 256;
export const tallyAfterMs = 200;

/** A text that was sent just before the tally closed may take its time. */
const orderLifetimeMs = 60_000;

interface SessionTerms {
  readonly clock: Clock;
  readonly coordinator: NodeId;
  /** What the client has left: the expert serves no more than that. */
  readonly maxFeeMicro: Amount;
}

export function openSession(
  network: string,
  market: MarketId,
  order: TakenOrder,
  worker: NodeId,
  { kind, isTextPublic }: { readonly kind: 'client' | 'house'; readonly isTextPublic: boolean },
  { roster, hash }: { readonly roster: Roster; readonly hash: Hash },
  { clock, coordinator, maxFeeMicro }: SessionTerms,
): RoutedSession {
  const openedMs = clock.nowMs();
  const { client, clientSeq } = order;
  const signed = signBody(order.keys, routedOrderDomain, {
    network,
    market,
    client,
    clientSeq,
    coordinator,
    worker,
    roster: hash,
    maxFeeMicro,
    deadlineMs: openedMs + orderLifetimeMs,
  });
  return {
    id: sessionId({ network, market, client: order.client, clientSeq: order.clientSeq }, openedMs),
    order,
    worker,
    roster,
    hash,
    openedMs,
    signed,
    items: [],
    kind,
    isTextPublic,
    preview: '',
    salts: [],
    inFlight: 0,
    isClosed: false,
  };
}

/** Resolves when every request of a closed session has its answer (or its error). */
export function drained(session: RoutedSession): Promise<void> {
  if (session.inFlight === 0) return Promise.resolve();
  return new Promise((resolve) => {
    session.onDrained = resolve;
  });
}

/** Counts a request in and gives its receipt id. */
export function addItem(
  session: RoutedSession,
  text: string,
  salt: Uint8Array,
  bytes: number,
  answer: Uint8Array,
  feeMicro: bigint,
): string {
  session.salts.push(salt);
  session.items.push({
    // Salted: short texts could be guessed from a plain hash.
    dataHash: saltedDataHash(text, salt),
    vectorHash: hashBytes(answer),
    bytes,
    feeMicro,
  });
  return `${session.id}-${session.items.length - 1}`;
}

export function tallyBodyOf(session: RoutedSession, network: string, market: MarketId): TallyBody {
  return {
    network,
    market,
    client: session.order.client,
    clientSeq: session.order.clientSeq,
    worker: session.worker,
    requests: session.items.length,
    bytes: session.items.reduce((sum, { bytes }) => sum + bytes, 0),
    feeMicro: session.items.reduce((sum, { feeMicro }) => sum + feeMicro, 0n),
    items: tallyItemsHash(session.items),
  };
}

export function signTally(keys: OwnerKey, body: TallyBody): RoutedTally['client'] {
  return signBody(keys, tallyDomain, body);
}
