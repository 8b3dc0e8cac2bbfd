import { encode, sha256 } from '../codec.ts';
import type { NodeId, SenderId } from '../ids.ts';
import { type KeyPair, NODE_SIGNATURE_BYTES, verifySignature, verifySignatureAsync } from '../keys.ts';
import { type OwnerKey, signTypedData } from '../owner/owner-key.ts';
import { OWNER_SIGNATURE_BYTES } from '../owner/secp256k1.ts';
import type { TypedData, TypedDataDomain } from '../owner/typed-data.ts';
import { verifyTypedData, verifyTypedDataAsync } from '../owner/verify-typed-data.ts';

/** A body with its author and signature. The signature covers `[domain, body]`, never the body alone. */
export interface Signed<Body> {
  readonly body: Body;
  /** The author: a node (public key, 64 hex digits) or an owner (address, `0x` and 40). */
  readonly by: string;
  /** 64 bytes (ed25519) of a node, 65 (secp256k1) of an owner. */
  readonly signature: Uint8Array;
}

/** Names this project in every wallet that is asked to sign (EIP-712). */
export const OWNER_DOMAIN: TypedDataDomain = { name: 'Market of Experts', version: '1' };
const statementTypes = {
  Statement: [
    { name: 'purpose', type: 'string' },
    { name: 'content', type: 'bytes32' },
  ],
};

/** What an owner signs for any body that has no form of its own: what it is for, and the hash of its bytes. */
function statementOf(domain: string, bytes: Uint8Array): TypedData {
  const message = { purpose: domain, content: sha256(bytes) };
  return { domain: OWNER_DOMAIN, types: statementTypes, primaryType: 'Statement', message };
}

/** The key of a node or of an owner. */
export type Signer = KeyPair | OwnerKey;

/** Under which id a key signs. */
export function senderOf(keys: Signer): SenderId {
  return 'address' in keys ? keys.address : (keys.publicKey as NodeId);
}

/** How long the signatures of an author are: 64 bytes of a node, 65 of an owner. */
export function signatureBytesOf(by: string): number {
  return isOwner(by) ? OWNER_SIGNATURE_BYTES : NODE_SIGNATURE_BYTES;
}

/** Signs `body` under `domain` (e.g. `moe/job-order/1`), so that it means nothing in another domain. */
export function signBody<Body>(keys: Signer, domain: string, body: Body): Signed<Body> {
  const bytes = encode([domain, body]);
  const signature = 'address' in keys ? signTypedData(keys, statementOf(domain, bytes)) : keys.sign(bytes);
  return { body, by: senderOf(keys), signature };
}

/** False for a wrong signature and for an author that is none. */
export function verifyBody(domain: string, signed: Signed<unknown>): boolean {
  const { by, signature } = signed;
  const bytes = encode([domain, signed.body]);
  return isOwner(by)
    ? verifyTypedData(by, statementOf(domain, bytes), signature)
    : verifySignature(by, bytes, signature);
}

export function verifyBodyAsync(domain: string, signed: Signed<unknown>): Promise<boolean> {
  return verifyEncodedAsync(domain, encode([domain, signed.body]), signed);
}

/** The same for who has the bytes of `[domain, body]` already. */
export function verifyEncodedAsync(
  domain: string,
  bytes: Uint8Array,
  { by, signature }: Pick<Signed<unknown>, 'by' | 'signature'>,
): Promise<boolean> {
  return isOwner(by)
    ? verifyTypedDataAsync(by, statementOf(domain, bytes), signature)
    : verifySignatureAsync(by, bytes, signature);
}

function isOwner(by: string): boolean {
  return by.startsWith('0x');
}
