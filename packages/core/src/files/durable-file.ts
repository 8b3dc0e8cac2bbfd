import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { MoeError, messageOf } from '../errors.ts';

/**
 * Replaces a file: after a power cut the old or the new content is there, never a part, and where writing fails (a full disk)
 * the old one stays as it was. Files are private (mode 0600) unless `mode` says otherwise. Throws `file-unwritable` (retryable).
 */
export function writeDurably(path: string, content: string | Uint8Array, mode = 0o600): void {
  const temporary = `${path}.new`;
  try {
    rmSync(temporary, { force: true });
    const file = openSync(temporary, 'wx', mode);
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (cause) {
    discard(temporary);
    throw new MoeError(
      'file-unwritable',
      `The file ${path} cannot be written: ${messageOf(cause)}. Free space on the disk or check its permissions; what was there before still is.`,
      { metadata: { path }, cause, isRetryable: true },
    );
  }
}

/** What is in the way of that is told by the error that is thrown anyway. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // See above.
  }
}

/** A new name is on disk only when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
