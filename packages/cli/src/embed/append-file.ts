import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { decodeText } from '../files/decode-text.ts';

/** Opens for reading and writing; makes the file if it is not there. */
export function openFile(path: string, isFresh: boolean): number {
  try {
    return openSync(path, isFresh ? 'w+' : 'r+');
  } catch (error) {
    if (isFresh || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return openSync(path, 'w+');
  }
}

/** Writes all of `bytes` at `position`: one call may write a part. */
export function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

export function readAt(file: number, length: number, position: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, buffer, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}

/** Byte offsets at which the whole lines of a file begin, and the end of the last; a torn last line is cut off. */
export function indexLines(
  file: number,
  onLine: (text: string, number: number) => void,
  maxRows = Number.POSITIVE_INFINITY,
): number[] {
  const starts = [0];
  const chunkBytes = 1024 * 1024;
  let held: Buffer = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const chunk = readAt(file, chunkBytes, position);
    if (chunk.length === 0) break;
    position += chunk.length;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let start = 0;
    for (let end = held.indexOf(10); end !== -1 && starts.length <= maxRows; end = held.indexOf(10, start)) {
      const decoded = decodeText(held.subarray(start, end));
      // A line that is no text is none of ours: an empty one says so.
      onLine('text' in decoded ? decoded.text : '', starts.length);
      starts.push(starts.at(-1)! + end + 1 - start);
      start = end + 1;
    }
    held = Buffer.from(held.subarray(start));
    if (starts.length > maxRows) break;
  }
  ftruncateSync(file, starts.at(-1)!);
  return starts;
}

/** Copies the pieces `[starts[row], starts[row + 1])` in the given order. */
export function copyRows(
  from: number,
  toPath: string,
  starts: readonly number[],
  order: readonly number[],
): void {
  const to = openSync(toPath, 'w');
  try {
    let position = 0;
    for (const row of order) {
      const bytes = readAt(from, starts[row + 1]! - starts[row]!, starts[row]!);
      writeAll(to, bytes, position);
      position += bytes.length;
    }
    // It takes the place of the file that it was copied from.
    fsyncSync(to);
  } finally {
    closeSync(to);
  }
}
