import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MoeError, messageOf, textOf } from '@market-of-experts/core';
import { type DirectoryLock, lockDirectory } from '../store/directory-lock.ts';

/** How far the guard of some keys had come, noted outside its own directory. */
export interface GuardPosition {
  /** 32 hex digits, new at every opening: two copies that went on apart have different ones. */
  readonly token: string;
  /** Entries ever made. */
  readonly count: number;
}

/**
 * The anchor of a guard: a small file outside the data directory. A data directory that is put back from a copy does not
 * bring it along, so it shows that the copy is older than what was signed. Held by one process at a time, so that
 * two copies of a directory cannot run side by side on one machine either.
 */
export interface GuardAnchor {
  /** What the last holder noted; undefined when there is none. */
  read(): GuardPosition | undefined;
  /** Notes a position that is durable in the store: survives the end of the process; with `isSynced`, a power cut. */
  note(position: GuardPosition, isSynced: boolean): void;
  close(): void;
}

const form = /^([0-9a-f]{32}) (\d{16})\n$/;

/** Throws `guard-in-use` and `guard-anchor-unusable`. */
export function openAnchor(directory: string): GuardAnchor {
  let lock: DirectoryLock;
  let file: number;
  const path = join(directory, 'position');
  const isThere = existsSync(path);
  try {
    lock = lockDirectory(directory);
  } catch (cause) {
    if (cause instanceof MoeError && cause.code === 'data-directory-in-use')
      throw new MoeError(
        'guard-in-use',
        'Another process runs with the keys of this data directory, from a copy of it. Two would contradict one another and lose their stake: stop the other one first.',
        { cause },
      );
    throw unusable(directory, cause);
  }
  try {
    file = openSync(path, isThere ? 'r+' : 'w+', 0o600);
  } catch (cause) {
    lock.release();
    throw unusable(directory, cause);
  }
  return {
    read() {
      const found = form.exec(textOf(readFileSync(path)));
      return found === null ? undefined : { token: found[1]!, count: Number(found[2]) };
    },
    note({ token, count }, isSynced) {
      // One write of fewer bytes than a sector: the old or the new position is there, never a part.
      writeSync(file, `${token} ${String(count).padStart(16, '0')}\n`, 0);
      if (isSynced) fsyncSync(file);
    },
    close() {
      closeSync(file);
      lock.release();
    },
  };
}

function unusable(directory: string, cause: unknown): MoeError {
  return new MoeError(
    'guard-anchor-unusable',
    `${directory}, where it is noted outside the data directory how much the keys have signed, cannot be used: ${messageOf(cause)}. Set XDG_STATE_HOME to a folder that lasts.`,
    { cause },
  );
}
