/** What is needed of secp256k1, as libsecp256k1 computes it. Inputs have right lengths; nothing throws. */
export interface CurveEngine {
  readonly name: 'native' | 'wasm';
  isPrivateKey(bytes: Uint8Array): boolean;
  /** 65 bytes, uncompressed. */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** r ‖ s (64 bytes, s in the lower half) and the parity of the point. */
  sign(privateKey: Uint8Array, digest: Uint8Array): { readonly rs: Uint8Array; readonly parity: number };
  /** 65 bytes, uncompressed, or undefined if no key can have signed so. */
  recover(digest: Uint8Array, rs: Uint8Array, parity: number): Uint8Array | undefined;
}
