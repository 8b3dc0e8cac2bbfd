import type { SenderId } from '@market-of-experts/core';
import { MoeError } from '@market-of-experts/core';
import { areSignaturesValid, type SealedTransaction } from '../log/entry.ts';

/** Signatures checked at a time: enough for every core, few enough that a sync to disk need not queue long. */
const MAX_CHECKS_IN_FLIGHT = 16;

export interface Submission {
  readonly sealed: SealedTransaction;
  readonly resolve: (placed: { readonly index: number }) => void;
  readonly reject: (error: MoeError) => void;
  /** Signs the same with another nonce; absent if the owner's keys are elsewhere. */
  readonly resign: ((nonce: number) => SealedTransaction) | undefined;
  /** Its nonce follows on those of the account that were pending when it came. */
  readonly isInLine: boolean;
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
  /** Pending submissions of each account that are in line; others will be refused and must not count. */
  readonly #inLine = new Map<SenderId, number>();
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

  /** `settledNonce` is the account's nonce without what is pending. */
  add(
    sealed: SealedTransaction,
    settledNonce: number,
    resign: Submission['resign'],
  ): Promise<{ readonly index: number }> {
    if (this.#size >= this.#maxPending)
      throw new MoeError(
        'overloaded',
        `${this.#maxPending} transactions wait for the ledger. Try again shortly.`,
        { isRetryable: true },
      );
    const { from, nonce } = sealed.transaction;
    const isInLine = nonce === this.nextNonce(from, settledNonce);
    if (isInLine) this.#inLine.set(from, (this.#inLine.get(from) ?? 0) + 1);
    this.#size += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sealed, resolve, reject, resign, isInLine, validity: 'unchecked' });
      this.#check();
    });
  }

  /** The nonce after what is pending for the account, whose nonce without that is `settledNonce`. */
  nextNonce(account: SenderId, settledNonce: number): number {
    return settledNonce + (this.#inLine.get(account) ?? 0);
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

  /** To be called for what was taken as soon as it is decided: in the same step as the nonces change. */
  decided(batch: readonly Submission[]): void {
    this.#size -= batch.length;
    for (const { sealed, isInLine } of batch) {
      if (!isInLine) continue;
      const { from } = sealed.transaction;
      const left = this.#inLine.get(from)! - 1;
      if (left === 0) this.#inLine.delete(from);
      else this.#inLine.set(from, left);
    }
  }

  #check(): void {
    while (this.#checking < MAX_CHECKS_IN_FLIGHT && this.#begun < this.#waiting.length) {
      const submission = this.#waiting[this.#begun]!;
      this.#begun += 1;
      this.#checking += 1;
      void areSignaturesValid(submission.sealed)
        // What cannot even be checked does not hold, and must not hold up what came after it.
        .catch(() => false)
        .then((valid) => {
          submission.validity = valid ? 'valid' : 'invalid';
          this.#checking -= 1;
          this.#check();
          if (this.#waiting[0]?.validity !== 'unchecked') this.#onReady();
        });
    }
  }
}
