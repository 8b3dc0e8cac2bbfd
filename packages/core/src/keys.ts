import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { fromHex, toHex } from './codec.ts';
import { countCheck } from './pending-checks.ts';
import { isKnown, memoKey, remember } from './signature-memo.ts';

/** A node's key: ed25519 (RFC 8032) through node:crypto. Owners have `OwnerKey`s. */
export interface KeyPair {
  /** Public key, 64 hex digits: the id of the node. */
  readonly publicKey: string;
  /** Private seed, 32 bytes. Never logged; files that hold it have mode 0600. */
  readonly seed: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

const pkcs8Prefix = fromHex('302e020100300506032b657004220420');
const spkiPrefix = fromHex('302a300506032b6570032100');

export function generateKeyPair(): KeyPair {
  const { privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  return keyPairFromSeed(new Uint8Array(der.subarray(der.length - 32)));
}

export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const publicKey = toHex(new Uint8Array(der.subarray(der.length - 32)));
  const pair: KeyPair = {
    publicKey,
    seed,
    sign: (bytes) => {
      const signature = new Uint8Array(sign(null, bytes, privateKey));
      remember(memoKey(publicKey, bytes, signature));
      return signature;
    },
  };
  // A key that is printed or serialised by mistake shows its public half only.
  Object.defineProperty(pair, 'seed', { enumerable: false });
  return pair;
}

const publicKeys = new Map<string, KeyObject>();
const maxCachedPublicKeys = 4_096;

function publicKeyObject(publicKey: string): KeyObject {
  const cached = publicKeys.get(publicKey);
  if (cached !== undefined) return cached;
  const key = createPublicKey({
    key: Buffer.concat([spkiPrefix, fromHex(publicKey)]),
    format: 'der',
    type: 'spki',
  });
  if (publicKeys.size >= maxCachedPublicKeys) publicKeys.delete(publicKeys.keys().next().value!);
  publicKeys.set(publicKey, key);
  return key;
}

/** Bytes of a node's signature. */
export const NODE_SIGNATURE_BYTES = 64;
/** Lengths are fixed before anything is concatenated: bytes cannot move from one field into the next. */
const publicKeyForm = /^[0-9a-f]{64}$/;

function hasForm(publicKey: string, signature: Uint8Array): boolean {
  return signature.length === NODE_SIGNATURE_BYTES && publicKeyForm.test(publicKey);
}

/** False for a wrong signature and for a public key that is not one. Never throws. */
export function verifySignature(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (!hasForm(publicKey, signature)) return false;
  const key = memoKey(publicKey, bytes, signature);
  if (isKnown(key)) return true;
  try {
    if (!verify(null, bytes, publicKeyObject(publicKey), signature)) return false;
  } catch {
    return false;
  }
  remember(key);
  return true;
}

/** The same on libuv's thread pool: many signatures are checked beside other work. */
export function verifySignatureAsync(
  publicKey: string,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (!hasForm(publicKey, signature)) return Promise.resolve(false);
  const key = memoKey(publicKey, bytes, signature);
  if (isKnown(key)) return Promise.resolve(true);
  return new Promise((settle) => {
    const resolve = countCheck(settle);
    try {
      verify(null, bytes, publicKeyObject(publicKey), signature, (error, isValid) => {
        if (error === null && isValid) remember(key);
        resolve(error === null && isValid);
      });
    } catch {
      resolve(false);
    }
  });
}
