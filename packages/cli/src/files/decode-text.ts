import { isMoeError, textOf } from '@market-of-experts/core';

/** UTF-8 without its byte order mark, or the reason why these bytes are no text. */
export function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly reason: string } {
  if (bytes.includes(0)) return { reason: 'has zero bytes: a binary file, or UTF-16. Convert it to UTF-8.' };
  try {
    return { text: textOf(bytes).replace(/^\ufeff/, '') };
  } catch (error) {
    if (isMoeError(error, 'invalid-text'))
      return { reason: 'is not UTF-8. Convert it, e.g. with iconv -t UTF-8.' };
    throw error;
  }
}
