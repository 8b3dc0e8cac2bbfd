import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { z } from 'zod';
import { forgottenSchema } from '../records/history-folder.ts';
import type { AnnIndex, AnnIndexKind } from './ann-index.ts';

const stateSchema = forgottenSchema.extend({
  endRow: z.int().min(0),
  file: z.string().regex(/^[\w-]+\.index$/),
  /** CRC-32 of the file: the library maps it and trusts it. */
  crc32: z.int(),
});

/** Which rows an index holds: those before `endRow` that were not forgotten when it was saved. */
export type IndexState = Omit<z.infer<typeof stateSchema>, 'file' | 'crc32'>;

interface Save {
  readonly file: string;
  readonly state: IndexState;
}

/** The saved index of a history: one file, replaced as a whole, and a small one that names it. */
export class IndexFiles {
  readonly #directory: string;
  readonly #kind: AnnIndexKind;
  /** Written, but perhaps not on the disk yet. */
  #pending: Save | undefined;

  constructor(directory: string, kind: AnnIndexKind) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#kind = kind;
  }

  /** The last one that was saved whole; undefined when there is none that can be used: then it is built anew. */
  open(dimensions: number): { readonly index: AnnIndex; readonly state: IndexState } | undefined {
    try {
      const found = readSealedJson(this.#statePath, stateSchema);
      if (found === undefined) return undefined;
      const { file, crc32: expected, ...state } = found;
      const path = join(this.#directory, file);
      if (checksumOf(path) !== expected) return undefined;
      return { index: this.#kind.open(path, dimensions), state };
    } catch {
      // Whatever is wrong with it: records are what counts, and an index can be made from them.
      return undefined;
    }
  }

  /** Everything is on the disk when it returns. */
  save(index: AnnIndex, state: IndexState): void {
    this.#finishNow({ file: this.#write(index), state });
  }

  /**
   * Only copies the index to the system's cache before it returns: waiting for the disk takes longer. Until that is
   * done, or when it fails, the files stay as they were.
   */
  saveSoon(index: AnnIndex, state: IndexState): void {
    const file = this.#write(index);
    this.#pending = { file, state };
    void this.#finish(this.#pending);
  }

  /** Waits for what {@link IndexFiles.saveSoon} began. */
  settle(): void {
    if (this.#pending !== undefined) this.#finishNow(this.#pending);
  }

  #write(index: AnnIndex): string {
    // One that still waits for the disk is of no use any more.
    if (this.#pending !== undefined) rmSync(this.#temporary(this.#pending.file), { force: true });
    this.#pending = undefined;
    const file = `${this.#kind.name}-${randomUUID()}.index`;
    index.save(this.#temporary(file));
    return file;
  }

  #finishNow({ file, state }: Save): void {
    this.#pending = undefined;
    const handle = openSync(this.#temporary(file), 'r+');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    this.#install(file, state, checksumOf(this.#temporary(file)));
  }

  async #finish(save: Save): Promise<void> {
    try {
      const handle = await open(this.#temporary(save.file), 'r+');
      let checksum: number;
      try {
        checksum = await checksumIn(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (this.#pending !== save) return;
      this.#pending = undefined;
      this.#install(save.file, save.state, checksum);
    } catch {
      // The next save makes up for it; records are what counts.
    }
  }

  #install(file: string, state: IndexState, checksum: number): void {
    renameSync(this.#temporary(file), join(this.#directory, file));
    writeSealedJson(this.#statePath, { ...state, file, crc32: checksum }, 0o644);
    for (const name of readdirSync(this.#directory))
      if (/\.(index|tmp)$/.test(name) && name !== file) rmSync(join(this.#directory, name), { force: true });
  }

  #temporary(file: string): string {
    return join(this.#directory, `${file}.tmp`);
  }

  get #statePath(): string {
    return join(this.#directory, `${this.#kind.name}.json`);
  }
}

const sliceBytes = 1024 * 1024;

/** CRC-32 of a file, slice by slice. */
function checksumOf(path: string): number {
  const file = openSync(path, 'r');
  try {
    const slice = Buffer.allocUnsafe(sliceBytes);
    let sum = 0;
    for (let read = readSync(file, slice); read > 0; read = readSync(file, slice))
      sum = crc32(slice.subarray(0, read), sum);
    return sum;
  } finally {
    closeSync(file);
  }
}

/** The same beside other work. */
async function checksumIn(file: FileHandle): Promise<number> {
  const slice = Buffer.allocUnsafe(sliceBytes);
  let sum = 0;
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(slice, 0, sliceBytes, at);
    if (bytesRead === 0) return sum;
    sum = crc32(slice.subarray(0, bytesRead), sum);
    at += bytesRead;
  }
}
