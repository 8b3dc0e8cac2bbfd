import { fromHex, type Hash, MoeError, messageOf, toHex } from '@market-of-experts/core';
import { applyTransaction, type Draft, draftOn, type LedgerState } from '@market-of-experts/protocol';
import { CHAIN_START, chainHashIn, corrupt, type LedgerEntry, readEntry } from '../log/entry.ts';
import type { Log } from '../log/log.ts';
import type { DecidedBatch, LogEnd } from './decide-batch.ts';
import type { Folded } from './replay.ts';
import type { TrackedState } from './tracked-state.ts';

/**
 * The log and the state that it folds to, which grow together: what is appended is made durable, then visible. When the log
 * cannot be written, nothing is taken until it can be again; then what of the last batch did reach it is taken over.
 */
export class GrowingLog implements LogEnd {
  readonly #log: Log;
  readonly #tracked: TrackedState;
  readonly #onCaughtUp: (entries: readonly LedgerEntry[]) => void;
  readonly #onWarning: (message: string) => void;
  #height: number;
  #chainHash: Uint8Array;
  #isClosed = false;
  #failure: MoeError | undefined;

  /** `onCaughtUp` is told of entries that were found in the log after a failure. */
  constructor(init: {
    readonly log: Log;
    readonly folded: Pick<Folded, 'height' | 'chainHash'>;
    readonly tracked: TrackedState;
    readonly onCaughtUp: (entries: readonly LedgerEntry[]) => void;
    readonly onWarning: (message: string) => void;
  }) {
    this.#log = init.log;
    this.#tracked = init.tracked;
    this.#onCaughtUp = init.onCaughtUp;
    this.#onWarning = init.onWarning;
    this.#height = init.folded.height;
    this.#chainHash = init.folded.chainHash;
  }

  get height(): number {
    return this.#height;
  }

  get chainHash(): Uint8Array {
    return this.#chainHash;
  }

  get headHash(): Hash {
    return toHex(this.#chainHash) as Hash;
  }

  get state(): LedgerState {
    return this.#tracked.state;
  }

  /** Why nothing is taken: `ledger-failed` until the log can be written again, `ledger-broken` for good. */
  get failure(): MoeError | undefined {
    return this.#failure;
  }

  /** Also what the log says of itself before anything was written to it. */
  get writeFailure(): MoeError | undefined {
    return this.#failure ?? this.#log.failure();
  }

  /** Undefined when the entries are durable. */
  async append(bytes: readonly Uint8Array[]): Promise<MoeError | undefined> {
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

  /** Makes visible what is durable; returns what is wrong if it cannot. */
  commit({ draft, entries, chainHash }: DecidedBatch): MoeError | undefined {
    try {
      this.#advance(draft, entries.length, chainHash);
      return undefined;
    } catch (error) {
      return this.break(error);
    }
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

  /** What is in memory is no longer sure to be what the log says: only a new start can tell. */
  break(cause: unknown): MoeError {
    this.#failure = new MoeError(
      'ledger-broken',
      `The ledger cannot go on in this process: ${messageOf(cause)} Start it again: everything confirmed is in its log.`,
      { cause },
    );
    this.#onWarning(this.#failure.message);
    return this.#failure;
  }

  /** A log that cannot be written any more when it is closed is no fault. */
  close(): void {
    this.#isClosed = true;
  }

  #advance(draft: Draft, entries: number, chainHash: Uint8Array): void {
    this.#tracked.commit(draft);
    this.#height += entries;
    this.#chainHash = chainHash;
  }

  /** Waits until the log can be written again, takes over what of the last batch did reach it, and goes on. */
  async #recover(failure: MoeError): Promise<void> {
    try {
      await this.#log.recovered();
      await this.#catchUp();
      this.#onWarning('The ledger can be written again and goes on.');
      if (this.#failure === failure) this.#failure = undefined;
    } catch (error) {
      if (!this.#isClosed) this.break(error);
    }
  }

  async #catchUp(): Promise<void> {
    const head = await this.#log.head();
    while (this.#height < head) {
      const entries = await this.entries(this.#height, 1);
      const [entry] = entries;
      if (entry === undefined) throw corrupt(this.#height, 'it is missing');
      const draft = draftOn(this.state);
      const outcome = applyTransaction(draft, entry.transaction);
      if (!outcome.applied) throw corrupt(entry.index, `the rules refuse it (${outcome.message})`);
      this.#advance(draft, 1, fromHex(entry.hash));
      this.#onCaughtUp(entries);
    }
  }
}
