import type { PrepaidBalance } from '@market-of-experts/api/balance';
import {
  type AccountId,
  type Amount,
  formatCredits,
  type MarketId,
  MoeError,
  type OwnerKey,
} from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { spendableMicro } from '@market-of-experts/protocol';

/** An order number taken for a client, with money set aside for it. */
export interface TakenOrder {
  readonly client: AccountId;
  readonly clientSeq: number;
  readonly keys: OwnerKey;
}

/**
 * Order numbers and set-aside money of the clients that this gateway serves. Money is locked on the ledger for
 * the gateway; what is set aside here is the part of it that orders under way or unsettled may still cost. What its client is
 * taking out pays for no new order.
 */
export interface ClientOrders {
  /**
   * Sets money aside for orders that are about to be taken, so that whoever begins several has the money for all. Throws
   * `insufficient-funds`.
   */
  hold(client: AccountId, amountMicro: Amount): Hold;
  /** Throws `insufficient-funds`, with what is there and what is needed. */
  take(client: AccountId, maxFeeMicro: Amount): TakenOrder;
  /**
   * Sets more aside for an order that goes on (routed work), or less. Throws `insufficient-funds`, and `order-settled` when a
   * validator has closed it meanwhile.
   */
  extend(order: TakenOrder, feeMicro: Amount): void;
  /** The order's real cost is known: the rest is free again. */
  decide(order: Pick<TakenOrder, 'client' | 'clientSeq'>, feeMicro: Amount): void;
  /** Orders below a number are settled and no longer count: the ledger has taken their fees. */
  settled(client: AccountId, nextSeq: number): void;
  balance(client: AccountId): PrepaidBalance;
  /** What new orders of the client may cost together: what is available, and what is held for orders to come. */
  coverMicro(client: AccountId): Amount;
}

/** Money that is set aside before there is an order. */
export interface Hold {
  /** Gives so much back, or what is left of it: for an order that is taken at once, or since there will be none. */
  release(amountMicro: Amount): void;
  /** Holds again what {@link release} gave back and its order did not need after all. Nothing once it has ended. */
  restore(amountMicro: Amount): void;
  /** Gives back what is left, for good. */
  end(): void;
}

export function clientOrders(init: {
  readonly ledger: Ledger;
  readonly market: MarketId;
  readonly keysOf: (client: AccountId) => OwnerKey | undefined;
  /** First free number of a client after those in the receipt store; default: the ledger's next. */
  readonly firstSeq: (client: AccountId) => number;
  /** Fees of decided, unsettled orders found at the start. */
  readonly pendingFees: readonly {
    readonly client: AccountId;
    readonly clientSeq: number;
    readonly feeMicro: Amount;
  }[];
}): ClientOrders {
  interface Book {
    next: number;
    reservedMicro: Amount;
    heldMicro: Amount;
    readonly open: Map<number, { amountMicro: Amount; isDecided: boolean }>;
  }
  const books = new Map<AccountId, Book>();
  const bookOf = (client: AccountId): Book => {
    let book = books.get(client);
    if (book === undefined) {
      book = { next: init.firstSeq(client), reservedMicro: 0n, heldMicro: 0n, open: new Map() };
      books.set(client, book);
    }
    return book;
  };
  for (const { client, clientSeq, feeMicro } of init.pendingFees) {
    const book = bookOf(client);
    book.open.set(clientSeq, { amountMicro: feeMicro, isDecided: true });
    book.reservedMicro += feeMicro;
  }
  const notOrdered = (client: AccountId, { reservedMicro }: Book): Amount =>
    atLeastNothing(spendableMicro(init.ledger.prepaid(client, init.market)) - reservedMicro);
  const availableTo = (client: AccountId, book: Book): Amount =>
    atLeastNothing(notOrdered(client, book) - book.heldMicro);

  const assertAvailable = (client: AccountId, book: Book, neededMicro: Amount): void => {
    const availableMicro = availableTo(client, book);
    if (availableMicro < neededMicro)
      throw new MoeError(
        'insufficient-funds',
        `The account has ${formatCredits(availableMicro)} prepaid credits left; this needs up to ${formatCredits(neededMicro)}. Add credits and try again.`,
        { metadata: { availableMicro: String(availableMicro), neededMicro: String(neededMicro) } },
      );
  };

  const keysOf = (client: AccountId): OwnerKey => {
    const keys = init.keysOf(client);
    if (keys === undefined)
      throw new MoeError('unknown-account', 'This gateway does not hold the order key of the account.');
    return keys;
  };

  return {
    hold(client, amountMicro) {
      keysOf(client);
      const book = bookOf(client);
      assertAvailable(client, book, amountMicro);
      book.heldMicro += amountMicro;
      let leftMicro = amountMicro;
      let hasEnded = false;
      const add = (addedMicro: Amount): void => {
        leftMicro += addedMicro;
        book.heldMicro += addedMicro;
      };
      return {
        release: (releasedMicro) => add(releasedMicro < leftMicro ? -releasedMicro : -leftMicro),
        restore(restoredMicro) {
          if (!hasEnded) add(restoredMicro);
        },
        end() {
          hasEnded = true;
          add(-leftMicro);
        },
      };
    },
    take(client, maxFeeMicro) {
      const keys = keysOf(client);
      const book = bookOf(client);
      assertAvailable(client, book, maxFeeMicro);
      const clientSeq = book.next;
      book.next += 1;
      book.open.set(clientSeq, { amountMicro: maxFeeMicro, isDecided: false });
      book.reservedMicro += maxFeeMicro;
      return { client, clientSeq, keys };
    },
    extend({ client, clientSeq }, feeMicro) {
      const book = bookOf(client);
      const order = book.open.get(clientSeq);
      if (order === undefined) {
        if (feeMicro <= 0n) return;
        throw new MoeError('order-settled', `Order ${clientSeq} of client ${client} was closed. Try again.`, {
          isRetryable: true,
        });
      }
      if (feeMicro > 0n) assertAvailable(client, book, feeMicro);
      order.amountMicro += feeMicro;
      book.reservedMicro += feeMicro;
    },
    decide({ client, clientSeq }, feeMicro) {
      const book = bookOf(client);
      const order = book.open.get(clientSeq);
      if (order === undefined) return;
      book.reservedMicro += feeMicro - order.amountMicro;
      book.open.set(clientSeq, { amountMicro: feeMicro, isDecided: true });
    },
    settled(client, nextSeq) {
      const book = books.get(client);
      if (book === undefined) return;
      book.next = Math.max(book.next, nextSeq);
      for (const [clientSeq, { amountMicro }] of book.open)
        if (clientSeq < nextSeq) {
          book.reservedMicro -= amountMicro;
          book.open.delete(clientSeq);
        }
    },
    balance(client) {
      const book = bookOf(client);
      const leaving = init.ledger.prepaid(client, init.market)?.leaving;
      return {
        availableMicro: availableTo(client, book),
        reservedMicro: book.reservedMicro + book.heldMicro,
        ...(leaving === undefined ? {} : { leaving }),
      };
    },
    coverMicro: (client) => notOrdered(client, bookOf(client)),
  };
}

/** Orders that were open when a client began to take its money out are paid from all of it: more may be reserved than is left. */
function atLeastNothing(amountMicro: Amount): Amount {
  return amountMicro > 0n ? amountMicro : 0n;
}
