import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { textOf } from '@moe/core';
import { z } from 'zod';
import { BlobFiles } from '../blob-files.ts';
import { forgottenSchema } from '../records/history-folder.ts';
import type { AnnIndex, AnnIndexKind } from './ann-index.ts';

const stateSchema = forgottenSchema.extend({ endRow: z.int().min(0), file: z.string() });

/** Which rows an index holds: those before `endRow` that were not forgotten when it was saved. */
export type IndexState = Omit<z.infer<typeof stateSchema>, 'file'>;

interface Save {
  readonly file: string;
  readonly state: IndexState;
}

/** The saved index of a history: one file, replaced as a whole, and a small one that names it. */
export class IndexFiles {
  readonly #directory: string;
  readonly #kind: AnnIndexKind;
  readonly #states: BlobFiles;
  /** Written, but perhaps not on the disk yet. */
  #pending: Save | undefined;

  constructor(directory: string, kind: AnnIndexKind) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#kind = kind;
    this.#states = new BlobFiles(directory);
  }

  /** The last one that was saved whole; undefined when there is none that can be used: then it is built anew. */
  open(dimensions: number): { readonly index: AnnIndex; readonly state: IndexState } | undefined {
    const bytes = this.#states.readNamed(this.#stateName);
    if (bytes === undefined) return undefined;
    try {
      const { file, ...state } = stateSchema.parse(JSON.parse(textOf(bytes)));
      return { index: this.#kind.open(join(this.#directory, file), dimensions), state };
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
    this.#install(file, state);
  }

  async #finish(save: Save): Promise<void> {
    try {
      const handle = await open(this.#temporary(save.file), 'r+');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (this.#pending !== save) return;
      this.#pending = undefined;
      this.#install(save.file, save.state);
    } catch {
      // The next save makes up for it; records are what counts.
    }
  }

  #install(file: string, state: IndexState): void {
    renameSync(this.#temporary(file), join(this.#directory, file));
    this.#states.writeNamed(this.#stateName, Buffer.from(JSON.stringify({ ...state, file })));
    for (const name of readdirSync(this.#directory))
      if (/\.(index|tmp)$/.test(name) && name !== file) rmSync(join(this.#directory, name), { force: true });
  }

  #temporary(file: string): string {
    return join(this.#directory, `${file}.tmp`);
  }

  get #stateName(): string {
    return `${this.#kind.name}.json`;
  }
}
