import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Hash, hashBytes } from '@moe/core';

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

  writeNamed(name: string, bytes: Uint8Array): void {
    const temporary = join(this.#folder, `${name}.${randomUUID()}.tmp`);
    try {
      const file = openSync(temporary, 'w', 0o644);
      try {
        let written = 0;
        while (written < bytes.length) written += writeSync(file, bytes, written);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, join(this.#folder, name));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  readNamed(name: string): Uint8Array | undefined {
    try {
      return readFileSync(join(this.#folder, name));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
