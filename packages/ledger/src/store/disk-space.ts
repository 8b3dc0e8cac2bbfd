import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Below this nothing is written any more, so that what is under way can still be ended in order. */
const reserveBytes = 4 * 1024 * 1024;
/** Must be free, and really writable, before writing goes on: a few batches. */
const trialBytes = 2 * 1024 * 1024;

/** Why nothing should be written to the disk of `directory` now; undefined when there is room. */
export function diskShortage(directory: string): string | undefined {
  try {
    const { bavail, bsize, blocks } = statfsSync(directory);
    // Some network file systems do not know their size.
    if (blocks === 0 || bavail * bsize >= reserveBytes) return undefined;
    return `The disk is full: ${Math.floor((bavail * bsize) / 1024)} KiB are left`;
  } catch {
    // The write itself will say what is wrong.
    return undefined;
  }
}

/** Writes, syncs and deletes as much as a few batches need. Throws what the system says where that fails. */
export function tryToWrite(directory: string): void {
  const path = join(directory, 'space.tmp');
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      const block = Buffer.alloc(64 * 1024, 0x6d);
      for (let left = trialBytes; left > 0; ) left -= writeSync(file, block, 0, Math.min(left, block.length));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } finally {
    rmSync(path, { force: true });
  }
}
