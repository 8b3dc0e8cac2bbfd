import { isMoeError, MoeError, messageOf } from '@market-of-experts/core';
import type { Database } from 'lmdb';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { diskShortage, tryToWrite } from './disk-space.ts';
import { StoreEnvironment, type Waiting } from './store-environment.ts';
import { type StoreTable, storeTable } from './store-table.ts';

/**
 * An LMDB environment in a locked directory; several tables live in it side by side. When a write fails (a full disk, a
 * cable), everything that waits is refused, and the store tries by itself, less and less often, until it can be written
 * again: then it is opened anew and holds exactly what is on the disk.
 */
export interface EmbeddedStore {
  readonly directory: string;
  table<Key extends number | string>(name: string): StoreTable<Key>;
  /**
   * Runs `change` in a transaction, in the order of the calls, together with others that wait; resolves once it would
   * survive a power cut. Rejects with `store-failed` (retryable): whether it was written shows once the store has
   * recovered.
   */
  write<Result>(change: () => Result): Promise<Result>;
  /** Why nothing can be written now; undefined when all is well. */
  failure(): MoeError | undefined;
  /** Resolves once the store can be written, at once if it can be now; rejects with `store-closed` when it is closed. */
  recovered(): Promise<void>;
  /** Calls `listener` whenever the store was opened anew: what was remembered of its content may be wrong. */
  onReopened(listener: () => void): void;
  close(): Promise<void>;
}

const firstRetryMs = 250;
const slowestRetryMs = 10_000;

/** Opens (or creates) the store. Throws what `lockDirectory` throws, and `store-damaged`. */
export function openStore(directory: string): EmbeddedStore {
  const lock: DirectoryLock = lockDirectory(directory);
  try {
    return new Store(directory, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

class Store implements EmbeddedStore {
  readonly directory: string;
  readonly #lock: DirectoryLock;
  readonly #environment: StoreEnvironment;
  readonly #reopened: (() => void)[] = [];
  readonly #waiters: { readonly resolve: () => void; readonly reject: (error: MoeError) => void }[] = [];
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #failure: MoeError | undefined;
  #recovery: Promise<void> | undefined;
  #wake: () => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(directory: string, lock: DirectoryLock) {
    this.directory = directory;
    this.#lock = lock;
    this.#environment = new StoreEnvironment(directory);
  }

  table<Key extends number | string>(name: string): StoreTable<Key> {
    const opened = (): Database<Buffer, Key> => {
      const database = this.#environment.openTable(name);
      if (database === undefined) throw this.#failure ?? closed(this.directory);
      return database as Database<Buffer, Key>;
    };
    opened();
    return storeTable(name, this.directory, opened);
  }

  async write<Result>(change: () => Result): Promise<Result> {
    if (this.#closing !== undefined) throw closed(this.directory);
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ change, resolve: resolve as (result: unknown) => void, reject });
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  failure(): MoeError | undefined {
    return this.#failure;
  }

  async recovered(): Promise<void> {
    if (this.#closing !== undefined) throw closed(this.directory);
    if (this.#failure === undefined) return;
    await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  onReopened(listener: () => void): void {
    this.#reopened.push(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Transaction after transaction, each with all that came meanwhile: one sync to the disk is shared by many. */
  async #writeAll(): Promise<void> {
    // What is asked for in the same turn goes together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        const shortage = diskShortage(this.directory);
        if (shortage !== undefined) throw new Error(shortage);
        const finish = await this.#environment.transact(batch);
        for (const each of finish) each();
      } catch (error) {
        this.#fail(error, [...batch, ...this.#queue]);
        this.#queue = [];
      }
    }
  }

  #fail(cause: unknown, refused: readonly Waiting[]): void {
    this.#failure = storeFailed(this.directory, cause);
    for (const { reject } of refused) reject(this.#failure);
    this.#recovery ??= this.#recover().finally(() => {
      this.#recovery = undefined;
    });
  }

  async #recover(): Promise<void> {
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(slowestRetryMs, 2 * delayMs)) {
      await this.#sleep(delayMs);
      if (this.#closing !== undefined) return;
      try {
        const shortage = diskShortage(this.directory);
        if (shortage !== undefined) throw new Error(shortage);
        tryToWrite(this.directory);
        await this.#reopen();
        break;
      } catch (error) {
        this.#failure = isMoeError(error) ? error : storeFailed(this.directory, error);
      }
    }
    this.#failure = undefined;
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  async #reopen(): Promise<void> {
    await this.#environment.reopen();
    const trial = this.table<string>('trial');
    const finish = await this.#environment.transact([
      { change: () => trial.put('written', Buffer.from(String(Date.now()))), resolve: noop, reject: noop },
    ]);
    for (const each of finish) each();
    for (const listener of this.#reopened) listener();
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #close(): Promise<void> {
    await this.#writing;
    this.#wake();
    await this.#recovery;
    for (const { reject } of this.#waiters.splice(0)) reject(closed(this.directory));
    try {
      await this.#environment.close();
    } finally {
      this.#lock.release();
    }
  }
}

const noop = (): void => {};

function closed(directory: string): MoeError {
  return new MoeError('store-closed', `The store in ${directory} is closed.`);
}

function storeFailed(directory: string, cause: unknown): MoeError {
  const reason = messageOf(cause).replace(/\.$/, '');
  // What LMDB says of a write that was cut short.
  const hint = reason === 'Input/output error' ? `${reason}, which is what a full disk says, too` : reason;
  return new MoeError(
    'store-failed',
    `The store in ${directory} cannot be written: ${hint}. It is tried again by itself until there is room.`,
    { cause, isRetryable: true },
  );
}
