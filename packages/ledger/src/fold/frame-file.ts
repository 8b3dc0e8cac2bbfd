import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

const LENGTH_BYTES = 4;
const DIGEST_BYTES = 32;
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
/** Of a file that is written or read between two turns of the event loop: a few milliseconds of work. */
const SLICE_BYTES = 64 * 1024;

/** The file is not whole, or not of this kind. */
export class DamagedFile extends Error {}

/**
 * Writes and syncs a file of frames: each after its length (4 bytes, big endian), then SHA-256 of all before.
 * Frames are taken as they are written, a slice at a time; other work has its turn in between.
 */
export async function writeFrames(path: string, frames: Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    let slice: Uint8Array[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      const joined = Buffer.concat(slice);
      slice = [];
      bytes = 0;
      hash.update(joined);
      await writeAll(file, joined);
    };
    for (const frame of frames) {
      const length = Buffer.allocUnsafe(LENGTH_BYTES);
      length.writeUInt32BE(frame.length);
      slice.push(length, frame);
      bytes += LENGTH_BYTES + frame.length;
      if (bytes >= SLICE_BYTES) await flush();
    }
    await flush();
    await writeAll(file, hash.digest());
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * The frames of a file, slice by slice. What is given is sure only once the loop has ended. Throws
 * {@link DamagedFile}.
 */
export async function* readFrames(path: string): AsyncGenerator<readonly Uint8Array[]> {
  const file = await open(path, 'r');
  try {
    const end = (await file.stat()).size - DIGEST_BYTES;
    const hash = createHash('sha256');
    let rest: Uint8Array = new Uint8Array();
    for (let at = 0; at < end; ) {
      const slice = await readAll(file, at, Math.min(SLICE_BYTES, end - at));
      at += slice.length;
      hash.update(slice);
      const bytes = Buffer.concat([rest, slice]);
      const frames: Uint8Array[] = [];
      let from = 0;
      while (bytes.length - from >= LENGTH_BYTES) {
        const length = bytes.readUInt32BE(from);
        if (length > MAX_FRAME_BYTES) throw new DamagedFile();
        if (bytes.length - from - LENGTH_BYTES < length) break;
        from += LENGTH_BYTES + length;
        frames.push(bytes.subarray(from - length, from));
      }
      rest = bytes.subarray(from);
      yield frames;
    }
    if (rest.length > 0 || end < 0 || !hash.digest().equals(await readAll(file, end, DIGEST_BYTES)))
      throw new DamagedFile();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

async function readAll(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) throw new DamagedFile();
    at += bytesRead;
  }
  return bytes;
}
