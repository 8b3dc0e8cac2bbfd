import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { encode, fromHex, toHex } from './codec.ts';

/** ed25519 (RFC 8032) through node:crypto. */
export interface KeyPair {
  /** Public key, 64 hex digits: the id of the account or node. */
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

/**
 * Signatures known to be valid: checked before, or made in this process. Whether a signature is valid never
 * changes, and in the embedded market a dozen roles in one process check the same ones.
 */
const valid = new Set<string>();
const maxRemembered = 16_384;

function memoKey(publicKey: string, bytes: Uint8Array, signature: Uint8Array): string {
  return createHash('sha256').update(publicKey).update(signature).update(bytes).digest('base64');
}

function remember(key: string): void {
  if (valid.size >= maxRemembered) valid.delete(valid.values().next().value!);
  valid.add(key);
}

/** False for a wrong signature and for a public key that is not one. Never throws. */
export function verifySignature(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = memoKey(publicKey, bytes, signature);
  if (valid.has(key)) return true;
  try {
    if (signature.length !== 64 || !verify(null, bytes, publicKeyObject(publicKey), signature)) return false;
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
  const key = memoKey(publicKey, bytes, signature);
  if (valid.has(key)) return Promise.resolve(true);
  return new Promise((resolve) => {
    try {
      if (signature.length !== 64) return resolve(false);
      verify(null, bytes, publicKeyObject(publicKey), signature, (error, isValid) => {
        if (error === null && isValid) remember(key);
        resolve(error === null && isValid);
      });
    } catch {
      resolve(false);
    }
  });
}

/** A body with its author and signature. The signature covers `[domain, body]`, never the body alone. */
export interface Signed<Body> {
  readonly body: Body;
  /** Public key of the author. */
  readonly by: string;
  readonly signature: Uint8Array;
}

/** Signs `body` under `domain` (e.g. `moe/job-order/1`), so that it means nothing in another domain. */
export function signBody<Body>(keys: KeyPair, domain: string, body: Body): Signed<Body> {
  return { body, by: keys.publicKey, signature: keys.sign(encode([domain, body])) };
}

export function verifyBody(domain: string, signed: Signed<unknown>): boolean {
  return verifySignature(signed.by, encode([domain, signed.body]), signed.signature);
}

export function verifyBodyAsync(domain: string, signed: Signed<unknown>): Promise<boolean> {
  return verifySignatureAsync(signed.by, encode([domain, signed.body]), signed.signature);
}
