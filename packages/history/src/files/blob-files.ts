import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Hash, hashBytes } from '@market-of-experts/core';
import { readIfThere, writeDurably } from '@market-of-experts/core/files';

const mode = 0o644;

/** Content-addressed files in one folder: `<folder>/HASH.bin`. */
export class BlobFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Written beside its place and renamed into it: a reader sees the whole file or none. */
  write(hash: Hash, bytes: Uint8Array): void {
    this.writeNamed(`${hash}.bin`, bytes);
  }

  /** The bytes, or undefined when they are absent or no longer have that hash. */
  read(hash: Hash): Uint8Array | undefined {
    const bytes = this.readNamed(`${hash}.bin`);
    return bytes !== undefined && hashBytes(bytes) === hash ? bytes : undefined;
  }

  /** The content carries a checksum of its own. */
  writeNamed(name: string, bytes: Uint8Array): void {
    writeDurably(join(this.#folder, name), bytes, mode);
  }

  readNamed(name: string): Uint8Array | undefined {
    return readIfThere(join(this.#folder, name));
  }
}
