import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
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
 * changes, and in the embedded market a dozen roles in one process check the same ones. When `recent` is full it
 * becomes `older`, and what was older is forgotten.
 */
let recent = new Set<string>();
let older = new Set<string>();
let isMemoOn = true;
const maxRecent = 8_192;

/** Benchmarks turn the memo off to see what roles on different machines would spend on signatures. */
export function setSignatureMemo(isOn: boolean): void {
  isMemoOn = isOn;
  recent = new Set();
  older = new Set();
}

/** Lengths are fixed before anything is concatenated: bytes cannot move from one field into the next. */
const publicKeyForm = /^[0-9a-f]{64}$/;
const signatureBytes = 64;

function hasForm(publicKey: string, signature: Uint8Array): boolean {
  return signature.length === signatureBytes && publicKeyForm.test(publicKey);
}

function memoKey(publicKey: string, bytes: Uint8Array, signature: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from(publicKey, 'latin1'), signature, bytes]), 'base64');
}

function isKnown(key: string): boolean {
  return recent.has(key) || older.has(key);
}

function remember(key: string): void {
  if (!isMemoOn) return;
  if (recent.size >= maxRecent) {
    older = recent;
    recent = new Set();
  }
  recent.add(key);
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
  return new Promise((resolve) => {
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
