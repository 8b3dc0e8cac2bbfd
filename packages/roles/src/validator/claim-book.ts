import { type AccountId, type Clock, MoeError } from '@market-of-experts/core';
import type { Certificate, OrderBody } from '@market-of-experts/protocol';
import type { JobOpening } from '../job/job-request.ts';
import type { OrderNumber } from '../job/order-number.ts';

/** A job that is certified. */
export interface CertifiedJob {
  readonly opening: JobOpening;
  readonly certificate: Certificate;
}

/** An order of a certified job that is not settled: its expert has a claim on the fee. */
export interface PayClaim extends CertifiedJob, OrderNumber {
  /** Which of the job's data. */
  readonly datum: number;
  /** Since when this validator has it, by its steady clock; anew after a restart. */
  readonly heldSinceMs: number;
}

/**
 * Certificates that reached a validator from the witnesses, since nobody had them settled. Kept over restarts until their number
 * is settled: what is here cannot be declared void by this validator, and any validator may settle it.
 */
export interface ClaimBook {
  of(client: AccountId, clientSeq: number): PayClaim | undefined;
  /** One for each number, oldest first. */
  all(): readonly PayClaim[];
  /**
   * Keeps a certificate for those of its numbers that have none: the first of a number stands, and the first of a job. Resolves when it would survive a
   * power cut. Rejects with `overloaded` where the book is full, and with what the store throws.
   */
  keep(certified: CertifiedJob): Promise<void>;
  /** Forgets the claims of a client below a number: they are settled. */
  settled(client: AccountId, nextOrderSeq: number): void;
}

/** Where claims outlive the process. */
export interface ClaimStore {
  /** Throws `file-damaged`. */
  load(): readonly CertifiedJob[];
  /** Durable when it returns; of a job once. Throws `file-unwritable` (retryable). */
  put(certified: CertifiedJob): void;
  /** What cannot be removed now comes again with the next `load`. */
  remove(certified: CertifiedJob): void;
}

/**
 * A client has at most 1,024 numbers open, each of which was noted as covered by its money and worked for by experts: so many
 * claims at once take eight clients whose gateways do not settle, and others settle them within minutes.
 */
const maxClaims = 8_192;

export function claimBook(init: {
  readonly clock: Pick<Clock, 'steadyMs'>;
  /** Default: none, as in tests. */
  readonly store?: ClaimStore;
  /** Whether the ledger can settle an order yet. Default: any that it has not. */
  readonly isOpen?: (order: OrderBody) => boolean;
}): ClaimBook {
  const { clock, store } = init;
  const claims = new Map<string, PayClaim>();
  const keyOf = (client: AccountId, clientSeq: number): string => `${client}/${clientSeq}`;
  const freeNumbers = ({ opening }: CertifiedJob): (OrderNumber & { readonly datum: number })[] =>
    opening.orders.flatMap(({ body }, datum) => {
      const { client, clientSeq } = body;
      const isFree = !claims.has(keyOf(client, clientSeq)) && init.isOpen?.(body) !== false;
      return isFree ? [{ client, clientSeq, datum }] : [];
    });
  const enter = ({ opening, certificate }: CertifiedJob): void => {
    for (const number of freeNumbers({ opening, certificate }))
      claims.set(keyOf(number.client, number.clientSeq), {
        ...number,
        opening,
        certificate,
        heldSinceMs: clock.steadyMs(),
      });
  };
  const book: ClaimBook = {
    of: (client, clientSeq) => claims.get(keyOf(client, clientSeq)),
    all: () => [...claims.values()],
    async keep({ opening, certificate }) {
      const { job } = certificate.body;
      if (book.all().some((claim) => claim.certificate.body.job === job)) return;
      const free = freeNumbers({ opening, certificate });
      if (free.length === 0) return;
      if (claims.size + free.length > maxClaims)
        throw new MoeError('overloaded', 'This validator keeps as many unsettled certificates as it can.', {
          isRetryable: true,
        });
      store?.put({ opening, certificate });
      enter({ opening, certificate });
    },
    settled(client, nextOrderSeq) {
      const over = book.all().filter((claim) => claim.client === client && claim.clientSeq < nextOrderSeq);
      for (const { clientSeq } of over) claims.delete(keyOf(client, clientSeq));
      const kept = new Set(book.all().map(({ certificate }) => certificate.body.job));
      const done = new Map(over.map((claim) => [claim.certificate.body.job, claim] as const));
      for (const [job, claim] of done) if (!kept.has(job)) store?.remove(claim);
    },
  };
  for (const certified of store?.load() ?? []) {
    if (freeNumbers(certified).length > 0) enter(certified);
    else store?.remove(certified);
  }
  return book;
}
