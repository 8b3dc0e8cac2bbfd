import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MoeError, messageOf } from '../errors.ts';
import { writeDurably } from './durable-file.ts';

/**
 * Head of a sealed file: `MOEFILE1`, what it holds (16 bytes of ASCII, filled up with zeros), version of that form (uint32),
 * length of the content (uint64, both little-endian), SHA-256 of the head before it and the content. The content follows.
 */
const magic = Buffer.from('MOEFILE1');
const kindBytes = 16;
const hashAt = magic.length + kindBytes + 4 + 8;
const headBytes = hashAt + 32;

/** What a sealed file holds: its kind, at most 16 characters, and the version of its form. */
export interface SealedKind {
  readonly kind: string;
  readonly version: number;
}

/** Writes the content with a checksum, whole or not at all: see {@link writeDurably}. */
export function writeSealed(path: string, kind: SealedKind, content: Uint8Array): void {
  const head = headOf(kind, content.length);
  writeDurably(path, Buffer.concat([head, hashOf(head, content), content]));
}

/**
 * The content as it was written; undefined where there is no file. Throws `file-damaged` where it is not whole, has changed,
 * or is of another kind, and `other-format` where it is whole and of another version.
 */
export function readSealed(path: string, kind: SealedKind): Uint8Array | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  if (bytes.length < headBytes) throw damagedFile(path, 'it is cut short');
  const content = bytes.subarray(headBytes);
  const head = bytes.subarray(0, hashAt);
  if (!hashOf(head, content).equals(bytes.subarray(hashAt, headBytes)))
    throw damagedFile(path, 'its checksum does not fit its content');
  if (head.equals(headOf(kind, content.length))) return new Uint8Array(content);
  const version = head.readUInt32LE(magic.length + kindBytes);
  if (!head.equals(headOf({ ...kind, version }, content.length)))
    throw damagedFile(path, `it is not a "${kind.kind}"`);
  throw otherFormat(`The file ${path}`, `its version is ${version}, this one's is ${kind.version}`);
}

/** Of what is as it was written, but not by a program that writes what this one reads. `why` completes a sentence. */
export function otherFormat(what: string, why: string, cause?: unknown): MoeError {
  return new MoeError(
    'other-format',
    `${what} is not damaged, but was written by another version of this program: ${why}. Go on with that version, or begin anew in another directory: --data DIR.`,
    { cause },
  );
}

/** `why` completes a sentence. */
export function damagedFile(path: string, why: string, cause?: unknown): MoeError {
  return new MoeError(
    'file-damaged',
    `The file ${path} is damaged: ${why}. Run "moe doctor" to see what can be made again, or restore it from a backup.`,
    { metadata: { path }, cause },
  );
}

/** The bytes of a file; undefined where there is none. Throws `file-damaged` where it cannot be read. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw damagedFile(path, `it cannot be read (${messageOf(error)})`, error);
  }
}

function headOf({ kind, version }: SealedKind, length: number): Buffer {
  const head = Buffer.alloc(hashAt);
  magic.copy(head);
  head.write(kind, magic.length, kindBytes, 'ascii');
  head.writeUInt32LE(version, magic.length + kindBytes);
  head.writeBigUInt64LE(BigInt(length), magic.length + kindBytes + 4);
  return head;
}

function hashOf(head: Uint8Array, content: Uint8Array): Buffer {
  return createHash('sha256').update(head).update(content).digest();
}
