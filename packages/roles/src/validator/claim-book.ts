import { type AccountId, type Clock, MoeError } from '@market-of-experts/core';
import type { Certificate } from '@market-of-experts/protocol';
import type { JobOpening } from '../job/job-request.ts';

/** A job that is certified. */
export interface CertifiedJob {
  readonly opening: JobOpening;
  readonly certificate: Certificate;
}

/** A certified job whose order is not settled: its experts have a claim on their fee. */
export interface PayClaim extends CertifiedJob {
  /** Since when this validator has it, by its steady clock; anew after a restart. */
  readonly heldSinceMs: number;
}

/**
 * Certificates that reached a validator from the witnesses, since nobody had them settled. Kept over restarts until their number
 * is settled: what is here cannot be declared void by this validator, and any validator may settle it.
 */
export interface ClaimBook {
  of(client: AccountId, clientSeq: number): PayClaim | undefined;
  /** Oldest first. */
  all(): readonly PayClaim[];
  /**
   * Resolves when it would survive a power cut. A number has one claim: the first stands. Rejects with `overloaded` where the
   * book is full, and with what the store throws.
   */
  keep(claim: CertifiedJob): Promise<void>;
  /** Forgets the claims of a client below a number: they are settled. */
  settled(client: AccountId, nextOrderSeq: number): void;
}

/** Where claims outlive the process. */
export interface ClaimStore {
  /** Throws `file-damaged`. */
  load(): readonly CertifiedJob[];
  /** Durable when it returns. Throws `file-unwritable` (retryable). */
  put(claim: CertifiedJob): void;
  /** What cannot be removed now comes again with the next `load`. */
  remove(claim: CertifiedJob): void;
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
  /** What the ledger says now of each claim that was kept. */
  readonly nextOrderSeq?: (client: AccountId) => number;
}): ClaimBook {
  const { clock, store } = init;
  const claims = new Map<string, PayClaim>();
  const keyOf = (client: AccountId, clientSeq: number): string => `${client}/${clientSeq}`;
  const enter = (claim: CertifiedJob): void => {
    const { client, clientSeq } = claim.certificate.body;
    claims.set(keyOf(client, clientSeq), { ...claim, heldSinceMs: clock.steadyMs() });
  };
  const book: ClaimBook = {
    of: (client, clientSeq) => claims.get(keyOf(client, clientSeq)),
    all: () => [...claims.values()],
    async keep({ opening, certificate }) {
      const { client, clientSeq } = certificate.body;
      if (claims.has(keyOf(client, clientSeq))) return;
      if (claims.size >= maxClaims)
        throw new MoeError('overloaded', 'This validator keeps as many unsettled certificates as it can.', {
          isRetryable: true,
        });
      store?.put({ opening, certificate });
      enter({ opening, certificate });
    },
    settled(client, nextOrderSeq) {
      for (const [key, claim] of claims) {
        const { body } = claim.certificate;
        if (body.client !== client || body.clientSeq >= nextOrderSeq) continue;
        claims.delete(key);
        store?.remove(claim);
      }
    },
  };
  for (const claim of store?.load() ?? []) enter(claim);
  for (const { certificate } of book.all()) {
    const { client } = certificate.body;
    book.settled(client, init.nextOrderSeq?.(client) ?? 0);
  }
  return book;
}
