import { hash } from 'node:crypto';
import type { z } from 'zod';
import { isMoeError, type MoeError, messageOf } from '../errors.ts';
import { schemaProblem } from '../schema-problem.ts';
import { textOf } from '../text.ts';
import { writeDurably } from './durable-file.ts';
import { damagedFile, otherFormat, readIfThere } from './sealed-file.ts';

/** What a sealed JSON file can hold. */
type Content = Readonly<Record<string, unknown>> & { readonly checksum?: never };

/** Files that people look into: JSON whose first field is the SHA-256 of all others. */
export function writeSealedJson(path: string, content: Content, mode = 0o600): void {
  const sealed = { checksum: checksumOf(content), ...content };
  writeDurably(path, `${JSON.stringify(sealed, undefined, 2)}\n`, mode);
}

/**
 * The content as it was written; undefined where there is no file. Throws `other-format` where it is whole and does not fit the
 * schema, and where it cannot be read or has changed what `damaged` makes of that, `file-damaged` by default.
 */
export function readSealedJson<T>(
  path: string,
  schema: z.ZodType<T>,
  damaged: (cause: MoeError) => MoeError = (cause) => cause,
): T | undefined {
  let content: Readonly<Record<string, unknown>> | undefined;
  try {
    content = readUnchanged(path);
  } catch (error) {
    throw isMoeError(error) ? damaged(error) : error;
  }
  if (content === undefined) return undefined;
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw otherFormat(`The file ${path}`, schemaProblem(parsed.error, 'its content'), parsed.error);
}

function readUnchanged(path: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  let why = 'its checksum does not fit its content';
  try {
    const { checksum, ...content } = JSON.parse(textOf(bytes)) as Record<string, unknown>;
    if (checksum === checksumOf(content)) return content;
  } catch (error) {
    why = error instanceof SyntaxError ? 'it is no JSON any more' : messageOf(error).split('\n')[0]!;
  }
  throw damagedFile(path, why);
}

/** Of the values, not of how they are set out: spaces may change. */
function checksumOf(content: Readonly<Record<string, unknown>>): string {
  return hash('sha256', JSON.stringify(content), 'hex');
}
