import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@market-of-experts/core';
import { damagedFile, readSealed, type SealedKind, writeSealed } from '@market-of-experts/core/files';
import { textKeyBytes } from './text-key.ts';

const sealed: SealedKind = { kind: 'used-texts', version: 1 };
/** A file is written anew with each text that is used, until it is full. */
const keysPerFile = 1_024;
/** Of a data directory in its life: 16 MB on disk. */
export const mostUsedTexts = 1_000_000;
const fileName = /^\d{6}\.bin$/;

/** Which texts were handed out: each is shown to experts once in the life of a data directory. */
export interface UsedTexts {
  has(key: string): boolean;
  count(): number;
  /** Returns when they are on disk. Throws `file-unwritable`: then none of them counts as used. */
  add(keys: readonly string[]): void;
}

export function usedTextsFiles(dataDir: string): readonly string[] {
  const folder = folderOf(dataDir);
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder)
    .filter((name) => fileName.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Keys of a file. Throws `file-damaged` or `other-format`. */
export function readUsedTexts(path: string): readonly string[] {
  const content = Buffer.from(readSealed(path, sealed) ?? []);
  const count = content.length / textKeyBytes;
  if (!Number.isInteger(count) || count > keysPerFile) throw damagedFile(path, 'it has no whole entries');
  return Array.from({ length: count }, (_, index) =>
    content.toString('hex', index * textKeyBytes, (index + 1) * textKeyBytes),
  );
}

/**
 * What is written in the data directory. A file that is damaged is left as it is, with a warning: what it held may be handed out again, which
 * costs nobody money.
 */
export function openUsedTexts(dataDir: string, onWarning: (message: string) => void): UsedTexts {
  const files = usedTextsFiles(dataDir);
  const used = new Set<string>();
  let last: readonly string[] = [];
  let number = 0;
  for (const path of files) {
    try {
      last = readUsedTexts(path);
      number = numberOf(path);
    } catch (error) {
      onWarning(`Some texts of the reserve may be shown to experts once more: ${messageOf(error)}`);
      // Others follow in a file of their own.
      last = [];
      number = numberOf(path) + 1;
    }
    for (const key of last) used.add(key);
  }
  return {
    has: (key) => used.has(key),
    count: () => used.size,
    add(keys) {
      for (let start = 0; start < keys.length; ) {
        if (last.length >= keysPerFile) {
          last = [];
          number += 1;
        }
        const added = keys.slice(start, start + keysPerFile - last.length);
        const next = [...last, ...added];
        mkdirSync(folderOf(dataDir), { recursive: true, mode: 0o700 });
        const name = `${String(number).padStart(6, '0')}.bin`;
        writeSealed(join(folderOf(dataDir), name), sealed, Buffer.from(next.join(''), 'hex'));
        for (const key of added) used.add(key);
        last = next;
        start += added.length;
      }
    },
  };
}

function folderOf(dataDir: string): string {
  return join(dataDir, 'reserve', 'used');
}

function numberOf(path: string): number {
  return Number.parseInt(path.slice(-10), 10);
}
