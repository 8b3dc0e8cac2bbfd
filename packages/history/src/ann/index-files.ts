import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
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

  save(index: AnnIndex, state: IndexState): void {
    const file = `${this.#kind.name}-${randomUUID()}.index`;
    const temporary = join(this.#directory, `${file}.tmp`);
    index.save(temporary);
    const handle = openSync(temporary, 'r+');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, join(this.#directory, file));
    this.#states.writeNamed(this.#stateName, Buffer.from(JSON.stringify({ ...state, file })));
    for (const name of readdirSync(this.#directory))
      if (/\.(index|tmp)$/.test(name) && name !== file) rmSync(join(this.#directory, name), { force: true });
  }

  get #stateName(): string {
    return `${this.#kind.name}.json`;
  }
}
