import { hash } from 'node:crypto';
import type { z } from 'zod';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { MoeError } from './errors.ts';
import type { Hash } from './ids.ts';
import { schemaProblem } from './schema-problem.ts';

/**
 * Canonical bytes of a plain value (DAG-CBOR: sorted keys, one form per value). Throws `invalid-encoding` for what cannot be
 * read back as it is: `undefined`, NaN, half a surrogate pair, instances of classes.
 */
export function encode(value: unknown): Uint8Array {
  return encodeCbor(value);
}

/**
 * Reads canonical bytes that came from outside. Throws `invalid-encoding` when they are longer than
 * `maxBytes`, are not canonical DAG-CBOR, or do not fit the schema.
 */
export function decode<T>(bytes: Uint8Array, schema: z.ZodType<T>, maxBytes = 16 * 1024 * 1024): T {
  if (bytes.length > maxBytes)
    throw new MoeError(
      'invalid-encoding',
      `The message has ${bytes.length} bytes; at most ${maxBytes} are read.`,
    );
  const result = schema.safeParse(decodeCbor(bytes));
  if (!result.success)
    throw new MoeError(
      'invalid-encoding',
      `The message does not have the expected form: ${schemaProblem(result.error)}`,
    );
  return result.data;
}

/** SHA-256 of raw bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hash('sha256', parts.length === 1 ? parts[0]! : Buffer.concat(parts), 'buffer');
}

/** Content hash of raw bytes, as used to address blobs. */
export function hashBytes(bytes: Uint8Array): Hash {
  return hash('sha256', bytes, 'hex') as Hash;
}

/**
 * Hash of a value under a domain: SHA-256 of the canonical bytes of `[domain, value]`. The domain keeps a
 * hash made for one purpose from meaning anything in another.
 */
export function hashOf(domain: string, value: unknown): Hash {
  return hashBytes(encode([domain, value]));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
