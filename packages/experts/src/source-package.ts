import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { MoeError, messageOf } from '@moe/core';

/** A file of an installed npm package that holds model data, with the hash it must have. */
export interface SourceFile {
  readonly path: string;
  readonly sha256: string;
}

/** Folder of an installed npm package. Throws `model-source-missing`. */
export function packageFolder(npmPackage: string): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${npmPackage}/package.json`));
  } catch (cause) {
    throw new MoeError(
      'model-source-missing',
      `The package ${npmPackage} with model weights is not installed. Run "npm ci" in the project's folder.`,
      { cause },
    );
  }
}

/** Reads a file of an installed package and checks it. Throws `model-source-missing` or `model-source-changed`. */
export function readSourceFile(npmPackage: string, { path, sha256 }: SourceFile): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(packageFolder(npmPackage), path));
  } catch (cause) {
    if (cause instanceof MoeError) throw cause;
    throw new MoeError(
      'model-source-missing',
      `A file of ${npmPackage} cannot be read (${messageOf(cause)}). Run "npm ci" in the project's folder.`,
      { cause },
    );
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256)
    throw new MoeError(
      'model-source-changed',
      `${path} of ${npmPackage} has SHA-256 ${found}, expected ${sha256}. Install the pinned version with "npm ci".`,
      { metadata: { found, expected: sha256 } },
    );
  return bytes;
}
