import { z } from 'zod';
import { MoeError } from '../errors.ts';
import { nodeIdSchema } from '../ids.ts';
import { schemaProblem } from '../schema-problem.ts';

/** Files of strangers are read: no file makes this machine spend more than some seconds and half a gigabyte. */
export const KEYSTORE_LIMITS = {
  bytes: 65_536,
  /** Memory of scrypt: 128 · n · r bytes. */
  scryptBytes: 512 * 1024 * 1024,
  /** Work of scrypt: n · r · p; what is written by default has 2²⁰. */
  scryptWork: 2 ** 24,
  pbkdf2Rounds: 10_000_000,
} as const;

const hex = (minBytes: number, maxBytes = minBytes) =>
  z.string().regex(new RegExp(`^(?:[0-9a-fA-F]{2}){${minBytes},${maxBytes}}$`));
const common = {
  cipher: z.literal('aes-128-ctr'),
  cipherparams: z.object({ iv: hex(16) }),
  /** Every key here has 32 bytes. */
  ciphertext: hex(32),
  mac: hex(32),
};
const salt = hex(0, 64);
const scryptParametersSchema = z
  .object({
    dklen: z.literal(32),
    n: z.int().min(2),
    r: z.int().min(1).max(64),
    p: z.int().min(1).max(64),
    salt,
  })
  .refine(
    ({ n, r, p }) =>
      (n & (n - 1)) === 0 &&
      128 * n * r <= KEYSTORE_LIMITS.scryptBytes &&
      n * r * p <= KEYSTORE_LIMITS.scryptWork,
    'asks for more work or memory than is done here, or n is no power of 2',
  );
const pbkdf2ParametersSchema = z.object({
  dklen: z.literal(32),
  c: z.int().min(1).max(KEYSTORE_LIMITS.pbkdf2Rounds),
  prf: z.literal('hmac-sha256'),
  salt,
});
const keystoreSchema = z.object({
  version: z.literal(3),
  id: z.string().max(64).optional(),
  /** Without `0x` as most programs write it. Absent for a node's key. */
  address: z
    .string()
    .regex(/^(?:0x)?[0-9a-fA-F]{40}$/)
    .optional(),
  crypto: z.discriminatedUnion('kdf', [
    z.object({ ...common, kdf: z.literal('scrypt'), kdfparams: scryptParametersSchema }),
    z.object({ ...common, kdf: z.literal('pbkdf2'), kdfparams: pbkdf2ParametersSchema }),
  ]),
  /** Says that the 32 bytes are the seed of a node's ed25519 key; other programs ignore it. */
  moe: z.object({ kind: z.literal('node'), node: nodeIdSchema }).optional(),
});

/** An encrypted key: Web3 Secret Storage, version 3. */
export type Keystore = z.infer<typeof keystoreSchema>;
export type ScryptParameters = Pick<z.infer<typeof scryptParametersSchema>, 'n' | 'r' | 'p'>;

/** Reads a wallet file. Throws `wallet-unreadable` with what is wrong, never with its content. */
export function parseKeystore(text: string): Keystore {
  if (text.length > KEYSTORE_LIMITS.bytes) throw unreadable('it is far longer than a wallet');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable('it is not JSON');
  }
  // Old programs wrote `Crypto`.
  if (typeof value === 'object' && value !== null && 'Crypto' in value && !('crypto' in value))
    value = { ...value, crypto: value.Crypto };
  const result = keystoreSchema.safeParse(value);
  if (!result.success) throw unreadable(schemaProblem(result.error, 'the file'));
  return result.data;
}

/** The text of a wallet file, which any program that reads Web3 Secret Storage opens. */
export function formatKeystore(keystore: Keystore): string {
  return `${JSON.stringify(keystore, null, 2)}\n`;
}

export function unreadable(why: string): MoeError {
  return new MoeError(
    'wallet-unreadable',
    `This is not a wallet that can be read (${why}). A wallet is a JSON file in the Web3 Secret Storage format, version 3.`,
  );
}
