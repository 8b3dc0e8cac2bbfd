import type { AccountId } from '@moe/core';
import { MoeError } from '@moe/core';
import { areSignaturesValid, type SealedTransaction } from './entry.ts';

/** Signatures checked at a time: enough for every core, few enough that a sync to disk need not queue long. */
const MAX_CHECKS_IN_FLIGHT = 16;

export interface Submission {
  readonly sealed: SealedTransaction;
  readonly resolve: (placed: { readonly index: number }) => void;
  readonly reject: (error: MoeError) => void;
  validity: 'unchecked' | 'valid' | 'invalid';
}

/**
 * Transactions that wait for their signatures to be checked and for a place in the log. They leave in the
 * order in which they came, although the checks finish in any order.
 */
export class Submissions {
  readonly #maxPending: number;
  readonly #onReady: () => void;
  readonly #waiting: Submission[] = [];
  readonly #nonces = new Map<AccountId, { next: number; pending: number }>();
  #size = 0;
  /** Submissions at the front of `#waiting` whose check has begun. */
  #begun = 0;
  #checking = 0;

  /** `onReady` is called whenever the first submission may have become ready. */
  constructor(maxPending: number, onReady: () => void) {
    this.#maxPending = maxPending;
    this.#onReady = onReady;
  }

  /** Submissions that were neither settled nor refused. */
  get size(): number {
    return this.#size;
  }

  add(sealed: SealedTransaction): Promise<{ readonly index: number }> {
    if (this.#size >= this.#maxPending)
      throw new MoeError(
        'overloaded',
        `${this.#maxPending} transactions wait for the ledger. Try again shortly.`,
        {
          isRetryable: true,
        },
      );
    const { from, nonce } = sealed.transaction;
    const counted = this.#nonces.get(from) ?? { next: nonce, pending: 0 };
    this.#nonces.set(from, { next: nonce + 1, pending: counted.pending + 1 });
    this.#size += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sealed, resolve, reject, validity: 'unchecked' });
      this.#check();
    });
  }

  /** The nonce after the account's last pending transaction; undefined if none is pending. */
  nonceAfterPending(account: AccountId): number | undefined {
    return this.#nonces.get(account)?.next;
  }

  /** Removes the longest checked run from the front, up to `limit` transactions or about `maxBytes`. */
  takeReady(limit: number, maxBytes: number): Submission[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#begun && count < limit && bytes < maxBytes) {
      const submission = this.#waiting[count]!;
      if (submission.validity === 'unchecked') break;
      bytes += submission.sealed.signedBytes.length;
      count += 1;
    }
    this.#begun -= count;
    return this.#waiting.splice(0, count);
  }

  /** Must be called once for each submission that was taken, when its outcome is known. */
  finished({ sealed: { transaction } }: Submission): void {
    this.#size -= 1;
    const counted = this.#nonces.get(transaction.from)!;
    counted.pending -= 1;
    if (counted.pending === 0) this.#nonces.delete(transaction.from);
  }

  #check(): void {
    while (this.#checking < MAX_CHECKS_IN_FLIGHT && this.#begun < this.#waiting.length) {
      const submission = this.#waiting[this.#begun]!;
      this.#begun += 1;
      this.#checking += 1;
      void areSignaturesValid(submission.sealed).then((valid) => {
        submission.validity = valid ? 'valid' : 'invalid';
        this.#checking -= 1;
        this.#check();
        if (this.#waiting[0]?.validity !== 'unchecked') this.#onReady();
      });
    }
  }
}
