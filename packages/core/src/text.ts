import { isUtf8 } from 'node:buffer';
import { MoeError } from './errors.ts';

/**
 * The text that bytes hold as UTF-8. The one way from bytes to text in this project: elsewhere whatever is not UTF-8 becomes
 * U+FFFD, so that two byte strings are one text. Throws `invalid-text`.
 */
export function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes))
    throw new MoeError(
      'invalid-text',
      'These bytes are not UTF-8 text. Convert it, e.g. with iconv -t UTF-8.',
    );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
