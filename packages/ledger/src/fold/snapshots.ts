import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode, type Hash, hashSchema, MoeError } from '@market-of-experts/core';
import {
  emptyState,
  type LedgerState,
  recordSchemas,
  type TableName,
  tableNames,
} from '@market-of-experts/protocol';
import { z } from 'zod';
import { DamagedFile, readFrames, writeFrames } from './frame-file.ts';

/** A state's place in the log. */
export interface SnapshotPlace {
  readonly network: string;
  /** Number of entries folded into the state. */
  readonly height: number;
  /** Chain hash of the last of them. */
  readonly headHash: Hash;
}

/** A state with the place in the log where it holds. */
export interface Snapshot extends SnapshotPlace {
  readonly state: LedgerState;
}

/** A state to be kept. The records must hold still while they are read; the same one may come twice. */
export interface SnapshotSource extends SnapshotPlace {
  readonly records: Iterable<readonly [TableName, string, unknown]>;
}

/** Where snapshots are kept. They only save time: the log alone always suffices. */
export interface SnapshotStore {
  /** The usable snapshots, newest first. Others are passed over and reported to `onUnusable`. */
  newestFirst(onUnusable: (message: string) => void): AsyncIterable<Snapshot>;
  /** Keeps a snapshot and drops all but the newest few. Other work has its turn meanwhile. */
  save(snapshot: SnapshotSource): Promise<void>;
}

/** Format 1 had other records. */
const FORMAT = 2;
const KEPT = 2;
const namePattern = /^(\d{12})\.snapshot$/;

const formatSchema = z.looseObject({ format: z.int() });
const headerSchema = z.strictObject({
  format: z.literal(FORMAT),
  network: z.string(),
  height: z.int().min(0),
  headHash: hashSchema,
});
const recordSchema = z.tuple([z.enum(tableNames), z.string(), z.unknown()]);

/**
 * Snapshots as files of frames (see `writeFrames`) in canonical CBOR: a header, then `[table, key, record]` for
 * every record. A file appears under its name only when it is complete and synced.
 */
export function fileSnapshots(directory: string): SnapshotStore {
  const listed = async (): Promise<string[]> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = await readdir(directory);
    return names
      .filter((name) => namePattern.test(name))
      .sort()
      .reverse();
  };
  return {
    newestFirst: async function* (onUnusable) {
      for (const name of await listed()) {
        const path = join(directory, name);
        const snapshot = await readSnapshot(path);
        if (typeof snapshot === 'string') onUnusable(`Snapshot ${path} ${snapshot} and is passed over.`);
        else yield snapshot;
      }
    },
    save: async (snapshot) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const temporary = join(directory, 'writing.tmp');
      const path = join(directory, `${String(snapshot.height).padStart(12, '0')}.snapshot`);
      try {
        await writeFrames(temporary, framesOf(snapshot));
        await rename(temporary, path);
      } catch (error) {
        // Half of it would take the space that is missing.
        await rm(temporary, { force: true });
        throw error;
      }
      await syncDirectory(directory);
      for (const name of (await listed()).slice(KEPT)) await rm(join(directory, name), { force: true });
    },
  };
}

function* framesOf({ records, ...place }: SnapshotSource): Generator<Uint8Array> {
  yield encode({ format: FORMAT, ...place });
  for (const record of records) yield encode(record);
}

/** The snapshot, or what is wrong with it. */
async function readSnapshot(path: string): Promise<Snapshot | string> {
  try {
    let place: SnapshotPlace | undefined;
    const state = emptyState();
    for await (const frames of readFrames(path))
      for (const frame of frames) {
        if (place === undefined) {
          if (decode(frame, formatSchema).format !== FORMAT)
            return 'was written by another version of the ledger';
          const { format: _, ...rest } = decode(frame, headerSchema);
          place = rest;
          continue;
        }
        const [table, key, record] = decode(frame, recordSchema);
        const parsed = recordSchemas[table].safeParse(record);
        if (!parsed.success) return 'is damaged';
        (state[table] as Map<string, unknown>).set(key, parsed.data);
      }
    return place === undefined ? 'is damaged' : { ...place, state };
  } catch (error) {
    if (error instanceof MoeError || error instanceof DamagedFile) return 'is damaged';
    throw error;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
