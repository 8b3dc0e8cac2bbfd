import { fromHex } from '../codec.ts';
import { MoeError } from '../errors.ts';
import { type OwnerKey, ownerKeyFromPrivate } from '../owner/owner-key.ts';

/**
 * The key of a private key in 64 hex digits, with or without `0x`, as other programs export it. It comes from a file or
 * from standard input, never from the command line, which others on the machine can read. Throws `invalid-private-key`,
 * which does not show it.
 */
export function ownerKeyFromHex(text: string): OwnerKey {
  const digits = text.trim().replace(/^0x/i, '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits))
    throw new MoeError(
      'invalid-private-key',
      'This is not a private key: it must be 64 hex digits, with or without 0x, and nothing else.',
    );
  return ownerKeyFromPrivate(fromHex(digits));
}
