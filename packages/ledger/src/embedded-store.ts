import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';

/** An LMDB environment in a locked directory; the log and the receipts live in it side by side. */
export interface EmbeddedStore {
  readonly directory: string;
  /** A table of byte values. */
  table<Key extends number | string>(name: string): Database<Buffer, Key>;
  /** Runs `change` in one transaction; resolves once it would survive a power cut. */
  write<Result>(change: () => Result): Promise<Result>;
  close(): Promise<void>;
}

/** Opens (or creates) the store. Errors: see `lockDirectory`. */
export function openStore(directory: string): EmbeddedStore {
  const lock: DirectoryLock = lockDirectory(directory);
  let environment: RootDatabase;
  try {
    environment = open({
      path: join(directory, 'store'),
      maxDbs: 8,
      // Pages are synced before the commit record is written (and that with O_DSYNC), all before a write
      // resolves: lmdb-js's default, overlapping sync, acknowledges in another order.
      overlappingSync: false,
      // With it, a commit that fails (disk full) also rejects a promise of lmdb-js's own that nobody can handle.
      eventTurnBatching: false,
    });
  } catch (error) {
    lock.release();
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    directory,
    table: (name) => environment.openDB({ name, encoding: 'binary' }),
    write: async (change) => {
      const written = environment.transaction(change);
      try {
        return await written;
      } catch (error) {
        throw await causeOf(error);
      }
    },
    close: () => {
      closing ??= environment.close().finally(() => lock.release());
      return closing;
    },
  };
}

async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error && error.commitError instanceof Promise))
    return error;
  return error.commitError.then(
    () => error,
    (cause: unknown) => cause,
  );
}
