import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMoeError, messageOf } from '@market-of-experts/core';
import type { Database, RootDatabase } from 'lmdb';
import { checkPages } from './pages/check-pages.ts';
import { DamagedPages } from './pages/page-node.ts';
import { damagedStore, storeTable } from './store-table.ts';

/** The folder of the environment in a store's directory. */
export function storePath(directory: string): string {
  return join(directory, 'store');
}

/**
 * Looks at the pages of a store without opening it: a damaged one would end the process with a signal. Returns the size of
 * its file in bytes, 0 where there is none. Throws `store-damaged`.
 */
export function checkStore(directory: string): number {
  const path = join(storePath(directory), 'data.mdb');
  if (!existsSync(path)) return 0;
  try {
    checkPages(path);
    return statSync(path).size;
  } catch (error) {
    // Whatever else is thrown comes of numbers that make no sense.
    throw damagedStore(
      directory,
      `${error instanceof DamagedPages ? '' : 'it cannot be read: '}${messageOf(error)}`,
      error,
    );
  }
}

/** Reads every value of an environment whose pages are sound. Throws `store-damaged`. */
export function checkValues(directory: string, environment: RootDatabase): void {
  for (const name of [...environment.getKeys()]) {
    if (typeof name !== 'string') throw damagedStore(directory, 'the list of its tables has changed');
    let database: Database<Buffer, number | string> | undefined;
    try {
      database = environment.openDB<Buffer, number | string>({ name, encoding: 'binary' });
      for (const _ of storeTable(name, directory, () => database!).getRange({}));
    } catch (error) {
      if (isMoeError(error)) throw error;
      throw damagedStore(
        directory,
        `its table ${JSON.stringify(name)} cannot be read (${messageOf(error)})`,
        error,
      );
    }
  }
}
