import { fromHex, toHex } from '../codec.ts';
import { MoeError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { keccak256 } from './keccak.ts';

/** Address of a public key (65 bytes, uncompressed): the last 20 bytes of its Keccak-256 hash. */
export function addressOf(publicKey: Uint8Array): AccountId {
  return `0x${toHex(keccak256(publicKey.subarray(1)).subarray(12))}` as AccountId;
}

/** The 20 bytes of an account's address. */
export function addressBytes(account: AccountId): Uint8Array {
  return fromHex(account.slice(2));
}

/** The account as people see it: with the checksum of EIP-55 in the case of its letters. */
export function formatAccount(account: AccountId): string {
  const hash = toHex(keccak256(Buffer.from(account.slice(2), 'latin1')));
  let text = '0x';
  for (let index = 2; index < account.length; index += 1) {
    const digit = account[index]!;
    text += hash[index - 2]! >= '8' ? digit.toUpperCase() : digit;
  }
  return text;
}

/**
 * Reads an account that a person typed: `0x` and 40 hex digits, all in one case or with a right checksum (EIP-55).
 * Throws `invalid-account` with what is wrong.
 */
export function parseAccount(text: string): AccountId {
  const typed = text.trim();
  if (!/^0x[0-9a-fA-F]{40}$/.test(typed))
    throw new MoeError(
      'invalid-account',
      `"${typed.slice(0, 50)}" is not an account. Write an Ethereum address: 0x and 40 hex digits.`,
    );
  const account = typed.toLowerCase() as AccountId;
  const digits = typed.slice(2);
  const hasCase = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  if (hasCase && formatAccount(account) !== typed)
    throw new MoeError(
      'invalid-account',
      `The checksum of account ${typed} is wrong: a character was mistyped. Copy the address again.`,
    );
  return account;
}
