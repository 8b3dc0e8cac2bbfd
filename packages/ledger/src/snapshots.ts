import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode, type Hash, hashSchema, MoeError } from '@moe/core';
import { emptyState, type LedgerState, recordSchemas, tableNames } from '@moe/protocol';
import { z } from 'zod';

/** A state with the place in the log where it holds. */
export interface Snapshot {
  readonly network: string;
  /** Number of entries folded into the state. */
  readonly height: number;
  /** Chain hash of the last of them. */
  readonly headHash: Hash;
  readonly state: LedgerState;
}

/** Where snapshots are kept. They only save time: the log alone always suffices. */
export interface SnapshotStore {
  /** The usable snapshots, newest first. Damaged ones are passed over and reported to `onDamaged`. */
  newestFirst(onDamaged: (message: string) => void): AsyncIterable<Snapshot>;
  /** Keeps the snapshot, which must not change meanwhile, and drops all but the newest few. */
  save(snapshot: Snapshot): Promise<void>;
}

const FORMAT = 1;
const RECORDS_PER_FRAME = 1_024;
const KEPT = 2;
const DIGEST_BYTES = 32;
const namePattern = /^(\d{12})\.snapshot$/;

const headerSchema = z.strictObject({
  format: z.literal(FORMAT),
  network: z.string(),
  height: z.int().min(0),
  headHash: hashSchema,
});
const frameSchema = z.discriminatedUnion(
  'table',
  tableNames.map((table) =>
    z.strictObject({
      table: z.literal(table),
      records: z.array(z.tuple([z.string(), recordSchemas[table] as z.ZodType<unknown>])),
    }),
  ) as [
    z.ZodObject<{ table: z.ZodLiteral<string>; records: z.ZodArray<z.ZodTuple<[z.ZodString, z.ZodType]>> }>,
  ],
);

/**
 * Snapshots as files: frames of canonical CBOR, each after its length (4 bytes), then SHA-256 of all before.
 * A file appears under its name only when it is complete and synced.
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
    newestFirst: async function* (onDamaged) {
      for (const name of await listed()) {
        const path = join(directory, name);
        const snapshot = parseSnapshot(await readFile(path));
        if (snapshot === undefined) onDamaged(`Snapshot ${path} is damaged and is passed over.`);
        else yield snapshot;
      }
    },
    save: async (snapshot) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const temporary = join(directory, 'writing.tmp');
      const path = join(directory, `${String(snapshot.height).padStart(12, '0')}.snapshot`);
      const file = await open(temporary, 'w', 0o600);
      try {
        const hash = createHash('sha256');
        for (const frame of frames(snapshot)) {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(frame.length);
          hash.update(length).update(frame);
          await file.write(length);
          await file.write(frame);
        }
        await file.write(hash.digest());
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await syncDirectory(directory);
      for (const name of (await listed()).slice(KEPT)) await rm(join(directory, name), { force: true });
    },
  };
}

function* frames(snapshot: Snapshot): Generator<Uint8Array> {
  const { network, height, headHash, state } = snapshot;
  yield encode({ format: FORMAT, network, height, headHash });
  for (const table of tableNames) {
    const records = [...state[table]];
    for (let start = 0; start < records.length; start += RECORDS_PER_FRAME)
      yield encode({ table, records: records.slice(start, start + RECORDS_PER_FRAME) });
  }
}

function parseSnapshot(bytes: Buffer): Snapshot | undefined {
  const end = bytes.length - DIGEST_BYTES;
  if (end < 4 || !createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end)))
    return undefined;
  try {
    let at = 0;
    const next = (): Uint8Array => {
      const length = bytes.readUInt32BE(at);
      at += 4 + length;
      return bytes.subarray(at - length, at);
    };
    const { network, height, headHash } = decode(next(), headerSchema);
    const state = emptyState();
    while (at < end) {
      const { table, records } = decode(next(), frameSchema);
      const map = state[table as keyof LedgerState] as Map<string, unknown>;
      for (const [key, record] of records) map.set(key, record);
    }
    return { network, height, headHash, state };
  } catch (error) {
    if (error instanceof MoeError || error instanceof RangeError) return undefined;
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
