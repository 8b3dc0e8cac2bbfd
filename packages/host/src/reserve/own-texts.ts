import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MoeError, messageOf } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { z } from 'zod';

/** What an operator's own reserve may hold, and each of its texts. */
export const ownTextLimits = {
  /** Texts that wait to be used. */
  texts: 10_000,
  /** Of one text: a list of an exam has room for several. */
  textBytes: 2_000,
  /** Texts that are added at once. */
  added: 5_000,
} as const;

const fileSchema = z.strictObject({
  texts: z.array(z.string().min(1).max(ownTextLimits.textBytes)).min(1).max(ownTextLimits.added),
});
const fileName = /^[0-9a-f]{32}\.json$/;

/** A file of texts that were added together. */
export interface OwnTextsFile {
  readonly path: string;
  readonly texts: readonly string[];
}

/** Folder in the data directory that holds what its operator added, while the market runs or not. */
function folderOf(dataDir: string): string {
  return join(dataDir, 'reserve', 'texts');
}

export function ownTextsFiles(dataDir: string): readonly string[] {
  const folder = folderOf(dataDir);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // There is none, or it is not ours to read: then there are no texts in it.
    return [];
  }
  return names
    .filter((name) => fileName.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Throws `file-damaged` or `other-format`. */
export function readOwnTexts(path: string): readonly string[] {
  return readSealedJson(path, fileSchema)?.texts ?? [];
}

/** What can be read; of a file that cannot, `onWarning` is told. */
export function readableOwnTexts(dataDir: string, onWarning: (message: string) => void): OwnTextsFile[] {
  return ownTextsFiles(dataDir).flatMap((path) => {
    try {
      return [{ path, texts: readOwnTexts(path) }];
    } catch (error) {
      onWarning(`Texts of your reserve are left out: ${messageOf(error)}`);
      return [];
    }
  });
}

/**
 * Keeps texts, private to the operator; a running market takes them up within a second. The same texts once more change nothing. Throws
 * `limit-reached` for more than {@link ownTextLimits} allow at once, and `file-unwritable`.
 */
export function addOwnTexts(dataDir: string, texts: readonly string[]): void {
  const tooLong = texts.find((text) => Buffer.byteLength(text) > ownTextLimits.textBytes);
  if (texts.length > ownTextLimits.added || tooLong !== undefined)
    throw new MoeError(
      'limit-reached',
      `A reserve takes ${ownTextLimits.added} texts at once, of ${ownTextLimits.textBytes} bytes each at most.`,
    );
  if (texts.length === 0) return;
  const folder = folderOf(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = hash('sha256', JSON.stringify(texts)).slice(0, 32);
  writeSealedJson(join(folder, `${name}.json`), { texts: [...texts] });
}

/** Removes what is used up; what cannot be removed is only in the way. */
export function removeOwnTexts({ path }: OwnTextsFile): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // See above.
  }
}

const lookEveryMs = 1_000;

/** Tells when texts were added. Returns what ends that. */
export function watchOwnTexts(dataDir: string, onChange: () => void): () => void {
  let before = ownTextsFiles(dataDir).join();
  const timer = setInterval(() => {
    const now = ownTextsFiles(dataDir).join();
    if (now === before) return;
    before = now;
    onChange();
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
