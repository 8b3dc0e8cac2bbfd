import type { Hash, JobId, KeyPair } from '@market-of-experts/core';
import { MoeError } from '@market-of-experts/core';
import { releaseTicket, type Ticket, type TicketList, ticketList } from '@market-of-experts/protocol';

/** A validator's secret list of tickets: each used for one job, and the same job always gets the same. */
export interface TicketBook {
  readonly root: Hash;
  readonly left: () => number;
  /**
   * `numbers` are those of the job's orders: client, market and sequence each. A second job of any of them gets none, or who
   * orders could make many and keep the one whose draw he likes.
   */
  release(job: JobId, numbers: readonly string[]): Ticket;
}

/** A new list for every start of the validator: an index is never used for two jobs, whatever crashed. */
export function ticketBook(keys: KeyPair, seed: Hash, depth: number): TicketBook {
  const list: TicketList = ticketList(seed, depth);
  const released = new Map<string, Ticket>();
  let used = 0;
  return {
    root: list.root,
    left: () => list.size - used,
    release(job, numbers) {
      for (const number of numbers) {
        const earlier = released.get(number);
        if (earlier?.body.job === job) return earlier;
        if (earlier !== undefined)
          throw new MoeError('message-refused', 'Another order with this number has a ticket already.');
      }
      if (used >= list.size)
        throw new MoeError('out-of-tickets', 'This validator has no tickets left in this epoch. Try again.', {
          isRetryable: true,
        });
      const ticket = releaseTicket(keys, list, used, job);
      used += 1;
      for (const number of numbers) released.set(number, ticket);
      return ticket;
    },
  };
}
