import type { Hash, JobId, KeyPair } from '@market-of-experts/core';
import { MoeError } from '@market-of-experts/core';
import { releaseTicket, type Ticket, type TicketList, ticketList } from '@market-of-experts/protocol';

/** A validator's secret list of tickets: each used for one order, and the same order always gets the same. */
export interface TicketBook {
  readonly root: Hash;
  readonly left: () => number;
  /**
   * `number` is the order's: client, market and sequence. A second order of that number gets none, or its client could sign many
   * and keep the one whose draw it likes.
   */
  release(job: JobId, number: string): Ticket;
}

/** A new list for every start of the validator: an index is never used for two orders, whatever crashed. */
export function ticketBook(keys: KeyPair, seed: Hash, depth: number): TicketBook {
  const list: TicketList = ticketList(seed, depth);
  const released = new Map<string, Ticket>();
  return {
    root: list.root,
    left: () => list.size - released.size,
    release(job, number) {
      const earlier = released.get(number);
      if (earlier?.body.job === job) return earlier;
      if (earlier !== undefined)
        throw new MoeError('message-refused', 'Another order with this number has a ticket already.');
      if (released.size >= list.size)
        throw new MoeError('out-of-tickets', 'This validator has no tickets left in this epoch. Try again.', {
          isRetryable: true,
        });
      const ticket = releaseTicket(keys, list, released.size, job);
      released.set(number, ticket);
      return ticket;
    },
  };
}
