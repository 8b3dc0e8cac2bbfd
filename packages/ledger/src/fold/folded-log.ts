import {
  type Hash,
  MoeError,
  messageOf,
  type SenderId,
  type Signer,
  senderOf,
} from '@market-of-experts/core';
import {
  accountOf,
  type SignedTransaction,
  signTransaction,
  type Transaction,
} from '@market-of-experts/protocol';
import { type LedgerEntry, type SealedTransaction, seal } from '../log/entry.ts';
import type { Log } from '../log/log.ts';
import type { BackgroundSnapshots } from './background-snapshots.ts';
import { decideBatch } from './decide-batch.ts';
import { GrowingLog } from './growing-log.ts';
import type { Ledger, LedgerHealth, Placed } from './ledger.ts';
import { StateReaders } from './readers.ts';
import type { Folded } from './replay.ts';
import type { SnapshotPlace } from './snapshots.ts';
import { type Submission, Submissions } from './submissions.ts';
import type { TrackedState } from './tracked-state.ts';

const MAX_BATCH = 2_048;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/** A ledger that is the fold of a log: takes transactions, decides them in batches, and tells what became of them. */
export class FoldedLog extends StateReaders implements Ledger {
  readonly network: string;
  readonly #growing: GrowingLog;
  readonly #snapshots: BackgroundSnapshots;
  readonly #submissions: Submissions;
  readonly #onWarning: (message: string) => void;
  readonly #listeners = new Set<(entry: LedgerEntry) => void>();
  readonly #idleWaiters = new Set<() => void>();
  #isWriting = false;
  #isClosed = false;

  constructor(init: {
    readonly network: string;
    readonly log: Log;
    /** What was folded of the log so far, into the state of `tracked`. */
    readonly folded: Pick<Folded, 'height' | 'chainHash'>;
    readonly tracked: TrackedState;
    readonly snapshots: BackgroundSnapshots;
    readonly maxPending: number;
    readonly onWarning: (message: string) => void;
  }) {
    super(init.tracked);
    this.network = init.network;
    this.#onWarning = init.onWarning;
    this.#snapshots = init.snapshots;
    this.#growing = new GrowingLog({ ...init, onCaughtUp: (entries) => this.#announce(entries) });
    this.#submissions = new Submissions(init.maxPending, () => void this.#write());
  }

  async submit(signed: SignedTransaction): Promise<Placed> {
    return this.#add(seal(signed), undefined);
  }

  async transact(keys: Signer, action: Parameters<Ledger['transact']>[1]): Promise<Placed> {
    const from = senderOf(keys);
    const sign = (nonce: number): SealedTransaction =>
      seal(signTransaction(keys, { ...action, network: this.network, from, nonce } as Transaction));
    return this.#add(sign(this.nextNonce(from)), sign);
  }

  health(): LedgerHealth {
    const failure = this.#growing.writeFailure;
    if (failure === undefined) return { isWritable: true };
    return { isWritable: false, reason: failure.message, needsRestart: failure.code === 'ledger-broken' };
  }

  nextNonce(account: SenderId): number {
    return this.#submissions.nextNonce(account, this.#settledNonce(account));
  }

  async idle(): Promise<void> {
    if (this.#submissions.size === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.add(resolve));
  }

  height(): number {
    return this.#growing.height;
  }

  headHash(): Hash {
    return this.#growing.headHash;
  }

  entries(fromIndex: number, limit: number): Promise<readonly LedgerEntry[]> {
    return this.#growing.entries(fromIndex, limit);
  }

  onApplied(listener: (entry: LedgerEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshot(): Promise<void> {
    return this.#snapshots.saveNow(() => this.#place());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#growing.close();
    await this.idle();
    await this.#snapshots.idle();
    // Where the log fails, the snapshot would too; the log is what counts.
    if (this.#growing.failure === undefined && this.height() > this.#snapshots.height) await this.snapshot();
  }

  #add(sealed: SealedTransaction, resign: Submission['resign']): Promise<Placed> {
    if (this.#isClosed) throw new MoeError('ledger-closed', 'The ledger is closed.');
    if (this.#growing.failure !== undefined) throw this.#growing.failure;
    return this.#submissions.add(sealed, this.#settledNonce(sealed.transaction.from), resign);
  }

  #settledNonce(account: SenderId): number {
    return accountOf(this.#growing.state, account).nonce;
  }

  /** Applies and appends what is ready, batch after batch; one batch is on its way to disk at a time. */
  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      for (;;) {
        let batch = this.#submissions.takeReady(MAX_BATCH, MAX_BATCH_BYTES);
        if (batch.length === 0) break;
        while (batch.length > 0) batch = batch.slice(await this.#writeBatch(batch));
      }
    } catch (error) {
      this.#growing.break(error);
    } finally {
      this.#isWriting = false;
    }
    if (this.#submissions.size === 0) {
      for (const resolve of this.#idleWaiters) resolve();
      this.#idleWaiters.clear();
    }
  }

  /**
   * Decides on as many as it can, in a draft, makes them durable, then visible, and tells each how it went. Returns their
   * number, at least one. Whatever is thrown meanwhile, none is left without an answer.
   */
  async #writeBatch(batch: readonly Submission[]): Promise<number> {
    const decided = decideBatch(this.#growing, batch);
    const { entries, bytes, outcomes } = decided;
    const placed = batch.slice(0, outcomes.length);
    let { failure } = this.#growing;
    if (failure === undefined && entries.length > 0) failure = await this.#growing.append(bytes);
    this.#submissions.decided(placed);
    if (failure === undefined && entries.length > 0) failure = this.#growing.commit(decided);
    placed.forEach(({ resolve, reject }, position) => {
      const outcome = failure ?? outcomes[position]!;
      if (outcome instanceof MoeError) reject(outcome);
      else resolve(outcome);
    });
    if (failure !== undefined) return placed.length;
    this.#announce(entries);
    this.#snapshots.advanced(this.#place());
    return placed.length;
  }

  #announce(entries: readonly LedgerEntry[]): void {
    for (const entry of entries)
      for (const listener of this.#listeners)
        try {
          listener(entry);
        } catch (error) {
          this.#onWarning(`A listener failed on entry ${entry.index}: ${messageOf(error)}`);
        }
  }

  #place(): SnapshotPlace {
    return { network: this.network, height: this.height(), headHash: this.headHash() };
  }
}
