import { encode, type Hash, hashBytes, sha256, toHex } from '@market-of-experts/core';

/**
 * Hashes of a Merkle trie, and the proofs that they allow (the trie itself: `merkle-trie.ts`).
 *
 *   leaf  = SHA-256(leaf prefix ‖ path ‖ value hash)
 *   inner = SHA-256(inner prefix ‖ bit (1 byte) ‖ left ‖ right)
 */
const LEAF_PREFIX = encode('moe/state-leaf/2');
const INNER_PREFIX = encode('moe/state-inner/2');
export const EMPTY_ROOT = sha256(encode('moe/state-empty/2'));

export const HASH_BYTES = 32;
export const LEAF_BYTES = 2 * HASH_BYTES;
export const SIBLING_BYTES = 1 + HASH_BYTES;
export const PATH_BITS = 8 * HASH_BYTES;
export const BIT_AT = INNER_PREFIX.length;
export const LEFT_AT = BIT_AT + 1;

/** What leads from one leaf to the root. */
export interface TrieProof {
  /** From the leaf upwards, 33 bytes each: the bit at which the ways part, then the hash on the other side. */
  readonly siblings: Uint8Array;
  /** Proof of absence: the leaf (path ‖ value hash, 64 bytes) to which the path's bits lead instead. None in an empty trie. */
  readonly neighbour?: Uint8Array;
}

/**
 * True if `root` stands for a set that has `valueHash` at `path`, or nothing there if `valueHash` is
 * undefined. That something is there follows from SHA-256 alone; that nothing is there holds for a root whose
 * trie was built by the rules, as those that validators sign are.
 */
export function verifyTrieProof(
  root: Uint8Array,
  path: Uint8Array,
  valueHash: Uint8Array | undefined,
  { siblings, neighbour }: TrieProof,
): boolean {
  if (siblings.length % SIBLING_BYTES !== 0 || siblings.length > PATH_BITS * SIBLING_BYTES) return false;
  let leaf = neighbour;
  if (valueHash !== undefined) {
    if (neighbour !== undefined) return false;
    leaf = new Uint8Array(LEAF_BYTES);
    leaf.set(path);
    leaf.set(valueHash, HASH_BYTES);
  } else if (leaf === undefined) return siblings.length === 0 && Buffer.compare(root, EMPTY_ROOT) === 0;
  else if (leaf.length !== LEAF_BYTES || firstDifferingBit(path, leaf, 0) === PATH_BITS) return false;

  const message = innerMessage();
  let hash = leafHash(leaf!);
  let above = PATH_BITS;
  for (let at = 0; at < siblings.length; at += SIBLING_BYTES) {
    const bit = siblings[at]!;
    const side = bitAt(path, bit);
    if (bit >= above || side !== bitAt(leaf!, bit)) return false;
    above = bit;
    message[BIT_AT] = bit;
    message.write(hash, LEFT_AT + side * HASH_BYTES, 'hex');
    message.set(siblings.subarray(at + 1, at + SIBLING_BYTES), LEFT_AT + (1 - side) * HASH_BYTES);
    hash = hashBytes(message);
  }
  return hash === toHex(root);
}

/** A new message of an inner node: the bit goes to `BIT_AT`, the hashes of the children to `LEFT_AT` and behind it. */
export function innerMessage(): Buffer {
  const message = Buffer.alloc(LEFT_AT + 2 * HASH_BYTES);
  message.set(INNER_PREFIX);
  return message;
}

// Written over for every hash: a million of them would otherwise be a million allocations.
const leafMessage = new Uint8Array(LEAF_PREFIX.length + LEAF_BYTES);
leafMessage.set(LEAF_PREFIX);

/** In hex: node:crypto gives a string three times as fast as a buffer. */
export function leafHash(leaf: Uint8Array): Hash {
  leafMessage.set(leaf, LEAF_PREFIX.length);
  return hashBytes(leafMessage);
}

export function bitAt(path: Uint8Array, bit: number): number {
  return (path[bit >> 3]! >> (7 - (bit & 7))) & 1;
}

/** First bit in which `path` and the path at `at` differ; 256 if they are the same. */
export function firstDifferingBit(path: Uint8Array, others: Uint8Array, at: number): number {
  for (let index = 0; index < HASH_BYTES; index += 1) {
    const difference = path[index]! ^ others[at + index]!;
    if (difference !== 0) return 8 * index + Math.clz32(difference) - 24;
  }
  return PATH_BITS;
}
