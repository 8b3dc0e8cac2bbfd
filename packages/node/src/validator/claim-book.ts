import type { AccountId } from '@moe/core';
import type { Certificate } from '@moe/protocol';
import type { JobOpening } from '../expert/job-request.ts';

/** A certified job whose order is not settled: its experts have a claim on their fee. */
interface Claim {
  readonly opening: JobOpening;
  readonly certificate: Certificate;
  /** Since when this validator has it, by its steady clock. */
  readonly heldSinceMs: number;
}

/**
 * Certificates that reached a validator from the witnesses, since nobody had them settled. Kept over restarts until their number
 * is settled: what is here cannot be declared void by this validator, and any validator may settle it.
 */
export interface ClaimBook {
  of(client: AccountId, clientSeq: number): Claim | undefined;
  /** Oldest first. */
  all(): readonly Claim[];
  /** Resolves when it would survive a power cut. A number has one claim: the first stands. */
  keep(claim: Pick<Claim, 'opening' | 'certificate'>): Promise<void>;
  /** Forgets the claims of a client below a number: they are settled. */
  settled(client: AccountId, nextOrderSeq: number): void;
}
