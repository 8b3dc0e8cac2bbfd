import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BlobFiles } from '../blob-files.ts';
import { forgottenSchema } from '../records/history-folder.ts';
import type { AnnIndex, AnnIndexKind } from './ann-index.ts';

const stateSchema = forgottenSchema.extend({ endRow: z.int().min(0), file: z.string() });

/** Which rows an index holds: those before `endRow` that were not forgotten when it was saved. */
export type IndexState = Omit<z.infer<typeof stateSchema>, 'file'>;

/** The saved index of a history: one file, replaced as a whole, and a small one that names it. */
export class IndexFiles {
  readonly #directory: string;
  readonly #kind: AnnIndexKind;
  readonly #states: BlobFiles;
  /** File of the save that was begun last. */
  #latest: string | undefined;

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
      const { file, ...state } = stateSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
      return { index: this.#kind.open(join(this.#directory, file), dimensions), state };
    } catch {
      // Whatever is wrong with it: records are what counts, and an index can be made from them.
      return undefined;
    }
  }

  /** Everything is on the disk when it returns. */
  save(index: AnnIndex, state: IndexState): void {
    const file = this.#write(index);
    const handle = openSync(this.#temporary(file), 'r+');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    this.#install(file, state);
  }

  /**
   * Only copies the index to the system's cache before it returns: waiting for the disk takes longer. When that fails
   * or another save comes first, the files stay as they were.
   */
  saveSoon(index: AnnIndex, state: IndexState): void {
    const file = this.#write(index);
    void this.#finish(file, state);
  }

  /** Whoever has closed the history may delete or open its folder. */
  close(): void {
    this.#latest = undefined;
  }

  #write(index: AnnIndex): string {
    const file = `${this.#kind.name}-${randomUUID()}.index`;
    this.#latest = file;
    index.save(this.#temporary(file));
    return file;
  }

  async #finish(file: string, state: IndexState): Promise<void> {
    try {
      const handle = await open(this.#temporary(file), 'r+');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (this.#latest === file) this.#install(file, state);
    } catch {
      rmSync(this.#temporary(file), { force: true });
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
