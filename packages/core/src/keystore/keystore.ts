import { createCipheriv, createDecipheriv, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { fromHex, toHex } from '../codec.ts';
import { MoeError } from '../errors.ts';
import type { NodeId } from '../ids.ts';
import { type KeyPair, keyPairFromSeed } from '../keys.ts';
import { keccak256 } from '../owner/keccak.ts';
import { type OwnerKey, ownerKeyFromPrivate } from '../owner/owner-key.ts';
import type { Signer } from '../signing/signed.ts';
import { deriveKey } from './key-derivation.ts';
import type { Keystore, ScryptParameters } from './keystore-format.ts';

/** About half a second and 128 MB: what a guess of the passphrase costs. */
const defaultScrypt: ScryptParameters = { n: 131_072, r: 8, p: 1 };

/**
 * Encrypts a key with a passphrase: AES-128-CTR under a key that scrypt makes, with a Keccak-256 MAC (Web3 Secret
 * Storage, version 3). Throws `passphrase-empty`.
 */
export async function encryptKeystore(
  key: Signer,
  passphrase: string,
  { n, r, p }: ScryptParameters = defaultScrypt,
): Promise<Keystore> {
  if (passphrase === '')
    throw new MoeError('passphrase-empty', 'A wallet needs a passphrase. Choose one that nobody guesses.');
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const kdfparams = { dklen: 32 as const, n, r, p, salt: toHex(salt) };
  const derived = await deriveKey(passphrase.normalize('NFKC'), { kdf: 'scrypt', kdfparams });
  const secret = 'address' in key ? key.privateKey : key.seed;
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
  const mac = macOf(derived, ciphertext);
  derived.fill(0);
  return {
    version: 3,
    id: randomUUID(),
    ...('address' in key
      ? { address: key.address.slice(2) }
      : { moe: { kind: 'node' as const, node: key.publicKey as NodeId } }),
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: toHex(iv) },
      ciphertext: toHex(ciphertext),
      kdf: 'scrypt',
      kdfparams,
      mac: toHex(mac),
    },
  };
}

export type OpenedWallet =
  | { readonly kind: 'owner'; readonly key: OwnerKey }
  | { readonly kind: 'node'; readonly key: KeyPair };

/** Opens what {@link encryptKeystore} or another program encrypted. Throws `wrong-passphrase`. */
export async function decryptKeystore(keystore: Keystore, passphrase: string): Promise<OpenedWallet> {
  // Programs differ in whether they normalise what was typed.
  for (const typed of new Set([passphrase.normalize('NFKC'), passphrase])) {
    const secret = await decrypted(keystore, typed);
    if (secret === undefined) continue;
    const opened = open(keystore, secret);
    secret.fill(0);
    if (opened !== undefined) return opened;
  }
  throw new MoeError(
    'wrong-passphrase',
    'The passphrase is wrong, or the wallet file is damaged. Type it again, or restore the file from a backup.',
  );
}

async function decrypted({ crypto }: Keystore, passphrase: string): Promise<Buffer | undefined> {
  const derived = await deriveKey(passphrase, crypto);
  const ciphertext = fromHex(crypto.ciphertext);
  try {
    if (!timingSafeEqual(macOf(derived, ciphertext), fromHex(crypto.mac))) return undefined;
    const iv = fromHex(crypto.cipherparams.iv);
    const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } finally {
    derived.fill(0);
  }
}

/** The key, if it is the one that the file names. */
function open({ address, moe }: Keystore, secret: Uint8Array): OpenedWallet | undefined {
  if (moe !== undefined) {
    const key = keyPairFromSeed(Uint8Array.from(secret));
    return key.publicKey === moe.node ? { kind: 'node', key } : undefined;
  }
  try {
    const key = ownerKeyFromPrivate(secret);
    const isNamed = address === undefined || address.toLowerCase().endsWith(key.address.slice(2));
    return isNamed ? { kind: 'owner', key } : undefined;
  } catch {
    return undefined;
  }
}

function macOf(derived: Buffer, ciphertext: Uint8Array): Uint8Array {
  return keccak256(derived.subarray(16, 32), ciphertext);
}
