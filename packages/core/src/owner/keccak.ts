import { createKeccak } from 'hash-wasm';

const hasher = await createKeccak(256);

/** Keccak-256 as Ethereum uses it (not SHA3-256: other padding) over the parts in turn: 32 bytes. */
export function keccak256(...parts: readonly Uint8Array[]): Uint8Array {
  hasher.init();
  for (const part of parts) hasher.update(part);
  return hasher.digest('binary');
}
