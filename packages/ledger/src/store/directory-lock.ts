import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MoeError, messageOf, textOf } from '@market-of-experts/core';

export interface DirectoryLock {
  release(): void;
}

/**
 * Takes a directory for this process alone, until `release` or the end of the process. The lock is SQLite's
 * on an empty file, that is the operating system's: it vanishes with its holder, `kill -9` included, so there
 * are no stale locks to recognise by guesswork.
 * Throws `data-directory-in-use` with the holder's pid, or `data-directory-unusable`.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const pidFile = join(directory, 'lock.pid');
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(directory, 'lock'));
    lock.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (cause) {
    lock?.close();
    if (!messageOf(cause).includes('locked'))
      throw new MoeError(
        'data-directory-unusable',
        `The data directory ${directory} cannot be used: ${isTaken(cause) ? 'it is a file. Choose another directory' : messageOf(cause)}.`,
        { cause },
      );
    const pid = pidIn(pidFile);
    throw new MoeError(
      'data-directory-in-use',
      `The data directory ${directory} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}. Stop it, or choose another directory.`,
      { metadata: { directory, pid }, cause },
    );
  }
  const held = lock;
  return { release: () => held.close() };
}

/** A file is where the directory should be made. */
function isTaken(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === 'EEXIST';
}

function pidIn(file: string): number | undefined {
  try {
    const pid = Number.parseInt(textOf(readFileSync(file)), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}
