import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MoeError, messageOf } from '@market-of-experts/core';

/** A file of an installed npm package that holds model data, with the hash it must have. */
export interface SourceFile {
  readonly path: string;
  readonly sha256: string;
}

/**
 * Reads a file of an installed package and checks it; `resolveManifest` gives the path of the package's
 * `package.json`. Throws `model-source-missing` or `model-source-changed`.
 */
export function readSourceFile(
  npmPackage: string,
  resolveManifest: () => string,
  { path, sha256 }: SourceFile,
): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(dirname(resolveManifest()), path));
  } catch (cause) {
    throw new MoeError(
      'model-source-missing',
      `Model weights of the package ${npmPackage} cannot be read (${messageOf(cause)}). Run "npm ci" in the project's folder.`,
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
