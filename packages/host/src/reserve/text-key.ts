import { hash } from 'node:crypto';

export const textKeyBytes = 16;

/** Names a text of the reserve: the first 16 bytes of its SHA-256, in hexadecimal. */
export function textKey(text: string): string {
  return hash('sha256', text).slice(0, 2 * textKeyBytes);
}
