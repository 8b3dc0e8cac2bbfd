import type { Hash, JobId, KeyPair } from '@market-of-experts/core';
import { MoeError } from '@market-of-experts/core';
import { releaseTicket, type Ticket, type TicketList, ticketList } from '@market-of-experts/protocol';

/** A validator's secret list of tickets: each used for one job, and the same job always gets the same. */
export interface TicketBook {
  readonly root: Hash;
  readonly left: () => number;
  /** Whether the job may be drawn is the caller's to ask (`OrderNumbers.draw`). Throws `out-of-tickets`. */
  release(job: JobId): Ticket;
}

/** A new list for every start of the validator: an index is never used for two jobs, whatever crashed. */
export function ticketBook(keys: KeyPair, seed: Hash, depth: number): TicketBook {
  const list: TicketList = ticketList(seed, depth);
  const released = new Map<JobId, Ticket>();
  let used = 0;
  return {
    root: list.root,
    left: () => list.size - used,
    release(job) {
      const earlier = released.get(job);
      if (earlier !== undefined) return earlier;
      if (used >= list.size)
        throw new MoeError('out-of-tickets', 'This validator has no tickets left in this epoch. Try again.', {
          isRetryable: true,
        });
      const ticket = releaseTicket(keys, list, used, job);
      used += 1;
      released.set(job, ticket);
      return ticket;
    },
  };
}
