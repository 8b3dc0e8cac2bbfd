import { join } from 'node:path';
import { MoeError, messageOf } from '@market-of-experts/core';
import type { Database, RootDatabase } from 'lmdb';
import { replay } from './fold/replay.ts';
import { fileSnapshots } from './fold/snapshots.ts';
import { CHAIN_START, readEntry } from './log/entry.ts';
import type { Log } from './log/log.ts';
import { openEnvironment } from './store/lmdb.ts';
import { checkStore, checkValues, storePath } from './store/store-check.ts';
import { damagedStore, type StoreTable, storeTable } from './store/store-table.ts';

/**
 * Looks at everything in a store that no process uses, and changes nothing: its pages, its values and, where it holds a log,
 * every entry by the rules. Throws `store-damaged`, `log-corrupt`, `other-format`.
 */
export async function examineStore(directory: string): Promise<void> {
  checkStore(directory);
  let environment: RootDatabase | undefined;
  try {
    environment = openEnvironment({ path: storePath(directory), maxDbs: 16, readOnly: true });
    checkValues(directory, environment);
    if ([...environment.getKeys()].includes('log')) {
      const database = environment.openDB<Buffer, number>({ name: 'log', encoding: 'binary' });
      await examineLog(
        directory,
        storeTable('log', directory, () => database as Database<Buffer, number>),
      );
    }
  } catch (error) {
    if (error instanceof MoeError) throw error;
    throw damagedStore(directory, `it cannot be read (${messageOf(error)})`, error);
  } finally {
    await environment?.close();
  }
}

/** What is wrong with the snapshots beside a log, in sentences; a start passes those over. */
export async function examineSnapshots(directory: string): Promise<readonly string[]> {
  const unusable: string[] = [];
  const snapshots = fileSnapshots(join(directory, 'snapshots'));
  for await (const _ of snapshots.newestFirst((message) => unusable.push(message)));
  return unusable;
}

async function examineLog(directory: string, entries: StoreTable<number>): Promise<void> {
  const [last] = entries.getKeys({ reverse: true, limit: 1 });
  const first = entries.get(0);
  if (last === undefined) return;
  if (first === undefined) throw damagedStore(directory, 'the first entry of its log is missing');
  const log: Pick<Log, 'head' | 'read'> = {
    head: async () => last + 1,
    read: async (from, limit) =>
      Array.from({ length: Math.min(limit, last + 1 - from) }, (_, index) => {
        const entry = entries.get(from + index);
        if (entry === undefined) throw damagedStore(directory, `entry ${from + index} of its log is missing`);
        return new Uint8Array(entry);
      }),
  };
  const { network } = readEntry(0, CHAIN_START, new Uint8Array(first)).transaction;
  await replay(log, network, { snapshots: undefined, verifySignatures: false, onWarning: () => {} });
}
