import { mkdirSync } from 'node:fs';
import { isMoeError, messageOf } from '@market-of-experts/core';
import type { Database, RootDatabase } from 'lmdb';
import { openEnvironment } from './lmdb.ts';
import { checkStore, checkValues, storePath } from './store-check.ts';
import { damagedStore } from './store-table.ts';

/** A change that waits for its turn, and who is to be told how it went. */
export interface Waiting {
  readonly change: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Of a store up to this size every value is checked when it is opened; of a larger one, each when it is read. */
const checkedBytes = 64 * 1024 * 1024;

/** The LMDB environment of a store with its tables: opened after its file was looked at, and opened anew when asked. */
export class StoreEnvironment {
  readonly #directory: string;
  readonly #databases = new Map<string, Database<Buffer, never>>();
  #environment: RootDatabase | undefined;

  /** Throws `store-damaged`. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#environment = this.#open();
  }

  /** The table of this name, made where there is none; undefined while nothing is open. */
  openTable(name: string): Database<Buffer, never> | undefined {
    if (this.#environment === undefined) return undefined;
    const known = this.#databases.get(name);
    if (known !== undefined) return known;
    return this.#openIn(this.#environment, name);
  }

  /** All changes in one transaction. What tells each of them how it went, to be called once that is durable. */
  async transact(changes: readonly Waiting[]): Promise<readonly (() => void)[]> {
    const written = this.#environment!.transaction(() =>
      changes.map(({ change, resolve, reject }) => {
        try {
          const result = change();
          return () => resolve(result);
        } catch (error) {
          return () => reject(error);
        }
      }),
    );
    try {
      return await written;
    } catch (error) {
      throw await causeOf(error);
    }
  }

  /** Holds exactly what is on the disk afterwards. Throws `store-damaged`, and nothing is open then. */
  async reopen(): Promise<void> {
    const before = this.#environment;
    this.#environment = undefined;
    await before?.close();
    const environment = this.#open();
    for (const name of this.#databases.keys()) this.#openIn(environment, name);
    this.#environment = environment;
  }

  async close(): Promise<void> {
    try {
      await this.#environment?.close();
    } finally {
      this.#environment = undefined;
    }
  }

  #openIn(environment: RootDatabase, name: string): Database<Buffer, never> {
    const database = environment.openDB<Buffer, never>({ name, encoding: 'binary' });
    this.#databases.set(name, database);
    return database;
  }

  /** LMDB trusts what is in its file: it comes to it only after the pages were looked at without it. */
  #open(): RootDatabase {
    const path = storePath(this.#directory);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const bytes = checkStore(this.#directory);
    try {
      const environment = openEnvironment({
        path,
        maxDbs: 8,
        // Pages are synced before the commit record is written (and that with O_DSYNC), all before a write
        // resolves: lmdb-js's default, overlapping sync, acknowledges in another order.
        overlappingSync: false,
        // With it, a commit that fails (disk full) also rejects a promise of lmdb-js's own that nobody can handle.
        eventTurnBatching: false,
      });
      if (bytes <= checkedBytes) checkValues(this.#directory, environment);
      return environment;
    } catch (error) {
      if (isMoeError(error)) throw error;
      throw damagedStore(this.#directory, `it cannot be opened (${messageOf(error)})`, error);
    }
  }
}

async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error && error.commitError instanceof Promise))
    return error;
  return error.commitError.then(
    () => error,
    (cause: unknown) => cause,
  );
}
