import { createRequire } from 'node:module';
import type * as Lmdb from 'lmdb';

const require = createRequire(import.meta.url);

/** Opens an environment. The library is loaded here: a ledger in memory, or a type, need not wait for it. */
export function openEnvironment(options: Lmdb.RootDatabaseOptionsWithPath): Lmdb.RootDatabase {
  return (require('lmdb') as typeof Lmdb).open(options);
}
