import { type Hash, hashOf, type KeyPair, systemRandom, toHex } from '@market-of-experts/core';
import { type TicketBook, ticketBook } from '@market-of-experts/roles/validator/ticket-book';

/** The validator's ticket lists: the one in force, and the one before it for jobs that began under it. */
export interface TicketSupply {
  /** Root to register before the first job. */
  readonly root: Hash;
  /** The list that a roster names. Begins to make a new one when this one runs out. */
  bookOf(root: Hash | undefined): TicketBook;
  /** Resolves when no renewal is under way. */
  idle(): Promise<void>;
}

export interface TicketSupplyInit {
  readonly keys: KeyPair;
  /** A list has `2^depth` tickets. */
  readonly depth: number;
  /** Puts the root of a new list on the ledger; from then on rosters name it. */
  readonly register: (root: Hash) => Promise<void>;
  readonly onWarning: (message: string) => void;
}

export function ticketSupply(init: TicketSupplyInit): TicketSupply {
  // A new seed for every start: an index is never used for two orders, whatever crashed.
  const make = (): TicketBook =>
    ticketBook(init.keys, hashOf('moe/ticket-seed/1', toHex(systemRandom.bytes(32))), init.depth);
  const keptInReserve = Math.min(256, 2 ** init.depth / 2);
  let current = make();
  let previous = current;
  const { root } = current;
  let renewing: Promise<void> | undefined;
  const renew = async (): Promise<void> => {
    const next = make();
    const before = [current, previous] as const;
    // Known before the ledger names it: a job may come in between.
    [current, previous] = [next, current];
    try {
      await init.register(next.root);
    } catch (error) {
      [current, previous] = before;
      throw error;
    }
  };
  return {
    root,
    bookOf(wanted) {
      const book = wanted === previous.root ? previous : current;
      if (current.left() <= keptInReserve)
        renewing ??= renew()
          .catch((error: unknown) => init.onWarning(`New tickets could not be registered: ${error}`))
          .finally(() => {
            renewing = undefined;
          });
      return book;
    },
    idle: async () => {
      await renewing;
    },
  };
}
