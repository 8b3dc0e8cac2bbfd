import { nativeEngine } from './native-engine.ts';

// Loaded where it is needed only: it is most of what a cheap command would wait for.
const engine = (await nativeEngine()) ?? (await (await import('./wasm-engine.ts')).wasmEngine());

/** Bytes of an owner's signature: r (32) ‖ s (32) ‖ v (1), as wallets give it. */
export const OWNER_SIGNATURE_BYTES = 65;

/** Half of the order of the curve, rounded down. */
const halfOrder = Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex');

/** True for 32 bytes that are a number from 1 to the curve's order less 1. */
export function isPrivateKey(bytes: Uint8Array): boolean {
  return bytes.length === 32 && engine.isPrivateKey(bytes);
}

/** Public key (65 bytes, uncompressed) of a private key that {@link isPrivateKey} accepts. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return engine.publicKeyOf(privateKey);
}

/** Deterministic ECDSA (RFC 6979) over a 32-byte digest; `s` is in the lower half, `v` is 27 or 28. */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
  const { rs, parity } = engine.sign(privateKey, digest);
  const signature = new Uint8Array(OWNER_SIGNATURE_BYTES);
  signature.set(rs);
  signature[64] = 27 + parity;
  return signature;
}

/**
 * Whether the bytes can be a signature: 65 of them, `v` 27 or 28 and `s` in the lower half of the order. The other half
 * would give every signature a second form, which anybody could make of the first (EIP-2).
 */
export function isSignatureForm(signature: Uint8Array): boolean {
  return (
    signature.length === OWNER_SIGNATURE_BYTES &&
    (signature[64] === 27 || signature[64] === 28) &&
    Buffer.compare(signature.subarray(32, 64), halfOrder) <= 0
  );
}

/** Public key (65 bytes, uncompressed) that made a signature of right form, or undefined if none did. */
export function recoverPublicKey(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  return engine.recover(digest, signature.subarray(0, 64), signature[64]! - 27);
}
