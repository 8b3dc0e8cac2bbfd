import {
  type AccountId,
  type KeyPair,
  keyPairFromSeed,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  sha256,
} from '@market-of-experts/core';

/** Keys that follow from the name of a role: the same at every run, others in another market. */
export interface TestKeys {
  keysOf(role: string): KeyPair;
  nodeOf(role: string): NodeId;
  ownerOf(role: string): OwnerKey;
  accountOf(role: string): AccountId;
}

export function testKeys(market: string): TestKeys {
  const secretOf = (role: string): Uint8Array => sha256(Buffer.from(`${market}/${role}`));
  const keysOf = (role: string): KeyPair => keyPairFromSeed(secretOf(role));
  const ownerOf = (role: string): OwnerKey => ownerKeyFromPrivate(secretOf(role));
  return {
    keysOf,
    nodeOf: (role) => keysOf(role).publicKey as NodeId,
    ownerOf,
    accountOf: (role) => ownerOf(role).address,
  };
}
