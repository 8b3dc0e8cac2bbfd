import {
  fromHex,
  type Hash,
  MoeError,
  messageOf,
  type SenderId,
  type Signer,
  senderOf,
  toHex,
} from '@market-of-experts/core';
import {
  accountOf,
  applyTransaction,
  draftOn,
  type SignedTransaction,
  signTransaction,
  type Transaction,
} from '@market-of-experts/protocol';
import {
  CHAIN_START,
  chainHashIn,
  corrupt,
  type LedgerEntry,
  readEntry,
  type SealedTransaction,
  seal,
} from '../log/entry.ts';
import type { Log } from '../log/log.ts';
import { BackgroundSnapshots } from './background-snapshots.ts';
import { decideBatch } from './decide-batch.ts';
import type { Ledger, LedgerHealth, Placed } from './ledger.ts';
import { StateReaders } from './readers.ts';
import { type Folded, replay } from './replay.ts';
import type { SnapshotStore } from './snapshots.ts';
import { type Submission, Submissions } from './submissions.ts';
import { TrackedState } from './tracked-state.ts';

export interface OpenLedgerOptions {
  readonly log: Log;
  readonly network: string;
  /** Written first when the log is empty; ignored afterwards. */
  readonly genesis?: SignedTransaction;
  readonly snapshots?: SnapshotStore;
  /** Entries between snapshots; default 20,000. More when there are over 8 records to each of them. */
  readonly snapshotEvery?: number;
  /** Transactions that may wait; beyond it `submit` rejects with `overloaded`. Default 16,384. */
  readonly maxPending?: number;
  /** Check every signature in the log again while opening it. Default false: hashes are always checked. */
  readonly verifySignatures?: boolean;
  /** Told, in a sentence, what was wrong but could be mended, e.g. a damaged snapshot. */
  readonly onWarning?: (message: string) => void;
}

const MAX_BATCH = 2_048;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/**
 * Opens the ledger in `log`. Throws `ledger-empty` (empty log and no genesis), `wrong-network`,
 * `log-corrupt`, `other-format`, `log-truncated`.
 */
export async function openLedger(options: OpenLedgerOptions): Promise<Ledger> {
  const folded = await replay(options.log, options.network, {
    snapshots: options.snapshots,
    verifySignatures: options.verifySignatures ?? false,
    onWarning: options.onWarning ?? (() => {}),
  });
  const tracked = new TrackedState(folded.state);
  await tracked.prepare();
  const ledger = new FoldedLog(options, folded, tracked);
  if (ledger.height() > 0) return ledger;
  if (options.genesis === undefined)
    throw new MoeError('ledger-empty', 'The ledger is empty: give the genesis transaction to begin with.');
  if (options.genesis.body.network !== options.network)
    throw new MoeError(
      'wrong-network',
      `The genesis is for network "${options.genesis.body.network}", not "${options.network}".`,
    );
  await ledger.submit(options.genesis);
  return ledger;
}

class FoldedLog extends StateReaders implements Ledger {
  readonly network: string;
  readonly #log: Log;
  readonly #snapshots: BackgroundSnapshots;
  readonly #onWarning: (message: string) => void;
  readonly #tracked: TrackedState;
  readonly #state: TrackedState['state'];
  readonly #submissions: Submissions;
  readonly #listeners = new Set<(entry: LedgerEntry) => void>();
  readonly #idleWaiters = new Set<() => void>();
  #height: number;
  #chainHash: Uint8Array;
  #isWriting = false;
  #isClosed = false;
  #failure: MoeError | undefined;

  constructor(options: OpenLedgerOptions, folded: Omit<Folded, 'state'>, tracked: TrackedState) {
    super(tracked);
    this.network = options.network;
    this.#log = options.log;
    this.#onWarning = options.onWarning ?? (() => {});
    this.#tracked = tracked;
    this.#state = tracked.state;
    this.#height = folded.height;
    this.#chainHash = folded.chainHash;
    this.#snapshots = new BackgroundSnapshots({
      store: options.snapshots,
      every: options.snapshotEvery ?? 20_000,
      height: folded.snapshotHeight,
      tracked,
      onWarning: this.#onWarning,
    });
    this.#submissions = new Submissions(options.maxPending ?? 16_384, () => void this.#write());
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

  #add(sealed: SealedTransaction, resign: Submission['resign']): Promise<Placed> {
    if (this.#isClosed) throw new MoeError('ledger-closed', 'The ledger is closed.');
    if (this.#failure !== undefined) throw this.#failure;
    return this.#submissions.add(sealed, accountOf(this.#state, sealed.transaction.from).nonce, resign);
  }

  health(): LedgerHealth {
    const failure = this.#failure ?? this.#log.failure();
    if (failure === undefined) return { isWritable: true };
    return { isWritable: false, reason: failure.message, needsRestart: failure.code === 'ledger-broken' };
  }

  nextNonce(account: SenderId): number {
    return this.#submissions.nextNonce(account, accountOf(this.#state, account).nonce);
  }

  async idle(): Promise<void> {
    if (this.#submissions.size === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.add(resolve));
  }

  /** Applies and appends what is ready, batch after batch; one batch is on its way to disk at a time. */
  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      for (;;) {
        let batch = this.#submissions.takeReady(MAX_BATCH, MAX_BATCH_BYTES);
        if (batch.length === 0) break;
        while (batch.length > 0) batch = batch.slice(await this.#place(batch));
      }
    } catch (error) {
      this.#break(error);
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
  async #place(batch: readonly Submission[]): Promise<number> {
    const end = { height: this.#height, chainHash: this.#chainHash, state: this.#state };
    const { draft, entries, bytes, chainHash, outcomes } = decideBatch(end, batch);
    const placed = batch.slice(0, outcomes.length);
    let failure = this.#failure;
    if (failure === undefined && entries.length > 0) failure = await this.#append(bytes);
    this.#submissions.decided(placed);
    if (failure === undefined && entries.length > 0)
      try {
        this.#tracked.commit(draft);
        this.#height += entries.length;
        this.#chainHash = chainHash;
      } catch (error) {
        failure = this.#break(error);
      }
    placed.forEach(({ resolve, reject }, position) => {
      const outcome = failure ?? outcomes[position]!;
      if (outcome instanceof MoeError) reject(outcome);
      else resolve(outcome);
    });
    if (failure !== undefined) return placed.length;
    this.#announce(entries);
    this.#snapshots.advanced(this.#logEnd());
    return placed.length;
  }

  /** Undefined when the entries are durable. */
  async #append(bytes: readonly Uint8Array[]): Promise<MoeError | undefined> {
    try {
      const first = await this.#log.append(bytes);
      if (first === this.#height) return undefined;
      throw new MoeError('log-failed', `Something else wrote to the log at entry ${this.#height}.`);
    } catch (cause) {
      // Whether the batch reached the disk is unknown; a later batch on top of a guess could contradict it.
      const failure = new MoeError(
        'ledger-failed',
        `The ledger cannot be written, and takes nothing until it can be. ${messageOf(cause)} What was confirmed is safe.`,
        { cause, isRetryable: true },
      );
      this.#failure = failure;
      void this.#recover(failure);
      return failure;
    }
  }

  /** Waits until the log can be written again, takes over what of the last batch did reach it, and goes on. */
  async #recover(failure: MoeError): Promise<void> {
    try {
      await this.#log.recovered();
      await this.#catchUp();
      this.#onWarning('The ledger can be written again and goes on.');
      if (this.#failure === failure) this.#failure = undefined;
    } catch (error) {
      if (!this.#isClosed) this.#break(error);
    }
  }

  async #catchUp(): Promise<void> {
    const head = await this.#log.head();
    while (this.#height < head) {
      const entries = await this.entries(this.#height, 1);
      const [entry] = entries;
      if (entry === undefined) throw corrupt(this.#height, 'it is missing');
      const draft = draftOn(this.#state);
      const outcome = applyTransaction(draft, entry.transaction);
      if (!outcome.applied) throw corrupt(entry.index, `the rules refuse it (${outcome.message})`);
      this.#tracked.commit(draft);
      this.#height += 1;
      this.#chainHash = fromHex(entry.hash);
      this.#announce(entries);
    }
  }

  /** What is in memory is no longer sure to be what the log says: only a new start can tell. */
  #break(cause: unknown): MoeError {
    this.#failure = new MoeError(
      'ledger-broken',
      `The ledger cannot go on in this process: ${messageOf(cause)} Start it again: everything confirmed is in its log.`,
      { cause },
    );
    this.#onWarning(this.#failure.message);
    return this.#failure;
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

  height(): number {
    return this.#height;
  }

  headHash(): Hash {
    return toHex(this.#chainHash) as Hash;
  }

  async entries(fromIndex: number, limit: number): Promise<readonly LedgerEntry[]> {
    const before = fromIndex === 0 ? undefined : (await this.#log.read(fromIndex - 1, 1))[0];
    if (fromIndex > 0 && before === undefined) return [];
    let previous = before === undefined ? CHAIN_START : chainHashIn(before);
    const found: LedgerEntry[] = [];
    for (const bytes of await this.#log.read(fromIndex, limit)) {
      const { chainHash, ...entry } = readEntry(fromIndex + found.length, previous, bytes);
      previous = chainHash;
      found.push(entry);
    }
    return found;
  }

  onApplied(listener: (entry: LedgerEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshot(): Promise<void> {
    return this.#snapshots.saveNow(() => this.#logEnd());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.idle();
    await this.#snapshots.idle();
    // Where the log fails, the snapshot would too; the log is what counts.
    if (this.#failure === undefined && this.#height > this.#snapshots.height) await this.snapshot();
  }

  #logEnd(): { readonly network: string; readonly height: number; readonly headHash: Hash } {
    return { network: this.network, height: this.#height, headHash: this.headHash() };
  }
}
