import { type AccountId, type Amount, type Clock, MoeError, type NodeId } from '@market-of-experts/core';
import {
  basePricePerKilobyte,
  feeOf,
  type Roster,
  type RoutedOrderBody,
  type TallyBody,
} from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';

/** What an expert has done in routed mode under signed orders and has not been credited with yet. */
export interface RoutedWork {
  /** The signature under which an order was taken up; undefined for one that is not open. */
  signatureOf(order: RoutedOrderBody): Uint8Array | undefined;
  /**
   * Takes up an order whose signature and money were checked; `leastMillionths` of the price are paid at least (default all of it). Throws
   * `overloaded`, or `message-refused`.
   */
  open(order: RoutedOrderBody, signature: Uint8Array, roster: Roster, leastMillionths?: number): void;
  /**
   * Before anybody works: throws `message-refused` when the order's time is over, or when it would cost more than its client
   * allows or has locked besides what it is taking out.
   */
  assertCovered(order: RoutedOrderBody, texts: readonly string[], spendableMicro: Amount): void;
  record(order: RoutedOrderBody, texts: readonly string[]): void;
  /** Takes a tally off the record. Throws `message-refused` when it counts more than was done, or pays less than its price. */
  settle(coordinator: NodeId, tally: TallyBody): void;
}

interface OpenOrder {
  readonly order: RoutedOrderBody;
  readonly signature: Uint8Array;
  readonly priceMicro: Amount;
  readonly leastMillionths: bigint;
  readonly forgetMs: number;
  requests: number;
  bytes: number;
  feeMicro: Amount;
}

/** Texts that were answered for a client and never tallied, and those that were; both fade. */
interface Trust {
  unpaid: number;
  paid: number;
  sinceMs: number;
}

const maxOpen = 8_192;
const maxOpenOfClient = 64;
const maxClients = 16_384;
/** Of a client whose tallies do not come, or count less than was done, so many texts are answered, and a quarter of those tallied. */
const lentTexts = 256;
const paidPerLent = 4;
/** What was lent or paid counts half after this time: mishaps are forgotten. */
const halfLifeMs = 3_600_000;
/** A tally comes within seconds of an order's end. */
const tallyWithinMs = 60_000;
/** Asks may change while an order is open. */
const leastPriceBps = 9_000n;

export function routedWork(clock: Pick<Clock, 'nowMs'>): RoutedWork {
  const open = new Map<string, OpenOrder>();
  const openOf = new Map<AccountId, number>();
  const owedMicro = new Map<AccountId, Amount>();
  const clients = new Map<AccountId, Trust>();

  const trustOf = (client: AccountId): Trust => {
    const nowMs = clock.nowMs();
    const known = clients.get(client) ?? { unpaid: 0, paid: 0, sinceMs: nowMs };
    const halves = Math.floor((nowMs - known.sinceMs) / halfLifeMs);
    if (halves > 0) {
      known.unpaid = Math.floor(known.unpaid / 2 ** halves);
      known.paid = Math.floor(known.paid / 2 ** halves);
      known.sinceMs += halves * halfLifeMs;
    }
    // The one that was asked for longest ago goes first: it needs another funded account to push one out.
    clients.delete(client);
    clients.set(client, known);
    if (clients.size > maxClients) clients.delete(clients.keys().next().value!);
    return known;
  };
  const close = (key: string, entry: OpenOrder, tallied: number): void => {
    const { client } = entry.order;
    open.delete(key);
    const left = (openOf.get(client) ?? 1) - 1;
    if (left > 0) openOf.set(client, left);
    else openOf.delete(client);
    const owed = (owedMicro.get(client) ?? 0n) - entry.feeMicro;
    if (owed > 0n) owedMicro.set(client, owed);
    else owedMicro.delete(client);
    const trust = trustOf(client);
    trust.paid += tallied;
    trust.unpaid += entry.requests - tallied;
  };
  const closeExpired = (): void => {
    const nowMs = clock.nowMs();
    for (const [key, entry] of open) {
      if (entry.forgetMs > nowMs) break;
      close(key, entry, 0);
    }
  };
  const leastOf = (bytes: number, { priceMicro, leastMillionths }: OpenOrder): Amount =>
    (feeOf(bytes, priceMicro, 0n) * leastMillionths) / 1_000_000n;
  const feeFor = (entry: OpenOrder, texts: readonly string[]): Amount =>
    texts.reduce((sum, text) => sum + leastOf(Buffer.byteLength(text), entry), 0n);
  const entryOf = (order: RoutedOrderBody): OpenOrder => open.get(keyOf(order))!;

  return {
    signatureOf: (order) => open.get(keyOf(order))?.signature,
    open(order, signature, roster, leastMillionths = 1_000_000) {
      closeExpired();
      const { client } = order;
      const { unpaid, paid } = trustOf(client);
      if (unpaid > lentTexts + paid / paidPerLent)
        refuse(`${unpaid} texts that this expert answered for the client were never tallied.`);
      const count = openOf.get(client) ?? 0;
      if (open.size >= maxOpen || count >= maxOpenOfClient)
        throw new MoeError('overloaded', 'Too many orders for routed work are open here.', {
          isRetryable: true,
        });
      openOf.set(client, count + 1);
      open.set(keyOf(order), {
        order,
        signature,
        priceMicro: basePricePerKilobyte(roster.experts),
        leastMillionths: BigInt(leastMillionths),
        // By its own clock: orders expire in the order in which they came.
        forgetMs: clock.nowMs() + tallyWithinMs,
        requests: 0,
        bytes: 0,
        feeMicro: 0n,
      });
    },
    assertCovered(order, texts, spendableMicro) {
      const entry = entryOf(order);
      const feeMicro = feeFor(entry, texts);
      if (entry.feeMicro + feeMicro > entry.order.maxFeeMicro)
        refuse('The texts cost more than the order allows.');
      if ((owedMicro.get(order.client) ?? 0n) + feeMicro > spendableMicro)
        refuse('The client has less money locked than it would owe for the texts.');
    },
    record(order, texts) {
      const entry = open.get(keyOf(order));
      if (entry === undefined) return;
      const feeMicro = feeFor(entry, texts);
      entry.requests += texts.length;
      for (const text of texts) entry.bytes += Buffer.byteLength(text);
      entry.feeMicro += feeMicro;
      owedMicro.set(order.client, (owedMicro.get(order.client) ?? 0n) + feeMicro);
    },
    settle(coordinator, tally) {
      const entry = open.get(keyOf(tally));
      if (entry === undefined || entry.order.coordinator !== coordinator)
        return refuse('This expert has done no work under the order of the tally.');
      if (tally.requests > entry.requests || tally.bytes > entry.bytes)
        refuse('The tally counts more than this expert has done.');
      // Shares of a fee are whole micro-credits: of each text one may be missing.
      const leastMicro = (leastOf(tally.bytes, entry) * leastPriceBps) / 10_000n;
      const roundedMicro = entry.leastMillionths === 1_000_000n ? 0n : BigInt(tally.requests);
      if (tally.feeMicro + roundedMicro < leastMicro)
        refuse('The tally pays less than the price of its order’s roster.');
      if (tally.feeMicro > entry.order.maxFeeMicro) refuse('The tally pays more than its client allowed.');
      close(keyOf(tally), entry, tally.requests);
    },
  };
}

function keyOf({ client, clientSeq }: { readonly client: AccountId; readonly clientSeq: number }): string {
  return `${client}/${clientSeq}`;
}
