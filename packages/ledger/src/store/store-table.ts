import { crc32 } from 'node:zlib';
import { MoeError } from '@market-of-experts/core';
import type { Database, RangeOptions } from 'lmdb';

const checksumBytes = 4;

/**
 * A table of byte values by key. Every value is kept after a CRC-32 of its table, its key and itself, so that one that
 * changed on the disk, or lies at another's place, is never taken for what was written. Reading throws `store-damaged`.
 */
export interface StoreTable<Key extends number | string> {
  get(key: Key): Buffer | undefined;
  /** Only inside a change given to `write` of the store; as is {@link StoreTable.remove}. */
  put(key: Key, value: Uint8Array): void;
  remove(key: Key): void;
  getKeys(options: RangeOptions): Iterable<Key>;
  getRange(options: RangeOptions): Iterable<{ readonly key: Key; readonly value: Buffer }>;
  getCount(): number;
}

/** `database` gives the table of the environment that is open at the moment. Throws where none is. */
export function storeTable<Key extends number | string>(
  name: string,
  directory: string,
  database: () => Database<Buffer, Key>,
): StoreTable<Key> {
  const open = (key: Key, sealed: Buffer): Buffer => {
    const value = sealed.subarray(checksumBytes);
    if (sealed.length >= checksumBytes && sealed.readUInt32BE(0) === checksum(name, key, value)) return value;
    throw damagedStore(directory, `the value of ${JSON.stringify(key)} in its table "${name}" has changed`);
  };
  return {
    get: (key) => {
      const sealed = database().get(key);
      return sealed === undefined ? undefined : open(key, sealed);
    },
    put: (key, value) => {
      const sealed = Buffer.allocUnsafe(checksumBytes + value.length);
      sealed.set(value, checksumBytes);
      sealed.writeUInt32BE(checksum(name, key, sealed.subarray(checksumBytes)), 0);
      database().put(key, sealed);
    },
    remove: (key) => {
      database().remove(key);
    },
    getKeys: (options) => database().getKeys(options),
    getRange: (options) =>
      database()
        .getRange(options)
        .map(({ key, value }) => ({ key, value: open(key, value) })),
    getCount: () => database().getCount(),
  };
}

/** `why` completes a sentence. */
export function damagedStore(directory: string, why: string, cause?: unknown): MoeError {
  return new MoeError(
    'store-damaged',
    `The store in ${directory} is damaged: ${why}. Run "moe doctor" to see what else is, and restore the data directory from a backup.`,
    { metadata: { directory }, cause },
  );
}

function checksum(table: string, key: number | string, value: Uint8Array): number {
  return crc32(value, crc32(`${table}\0${typeof key === 'number' ? `#${key}` : key}\0`));
}
