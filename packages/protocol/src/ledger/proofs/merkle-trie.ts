import { hashBytes } from '@market-of-experts/core';
import {
  BIT_AT,
  bitAt,
  EMPTY_ROOT,
  firstDifferingBit,
  HASH_BYTES,
  innerMessage,
  LEAF_BYTES,
  LEFT_AT,
  leafHash,
  PATH_BITS,
  SIBLING_BYTES,
  type TrieProof,
} from './trie-proof.ts';

const PAGE_BITS = 12;
const PAGE_NODES = 1 << PAGE_BITS;
const IN_PAGE = PAGE_NODES - 1;
const WORDS = 4;
const BIT = 2;
const STALE = 3;

/** 4,096 inner nodes; memory grows by pages, so that growing never copies. */
interface InnerPage {
  readonly hashes: Buffer;
  /**
   * Four words a node, side by side because they are read together: the children (see {@link MerkleTrie} for
   * what they refer to), the bit, and 1 if something below has changed since the hash was made.
   */
  readonly words: Int32Array;
}

/**
 * A set of (path, value hash) pairs under one root: a binary Patricia trie (Morrison 1968) with hashes, as in
 * compact sparse Merkle trees (Haider, ePrint 2018/955). Every inner node has two children and carries the
 * first bit in which the paths below it differ, so n leaves have n − 1 inner nodes, a leaf lies about log2 n
 * deep, and the shape depends on the set alone, never on its history.
 * How things are hashed: `trie-proof.ts`.
 *
 * Paths must be hashes themselves: who could choose them freely could make the trie 256 deep.
 *
 * Nodes are referred to by number: above 0 an inner node, below 0 a leaf, 0 nothing. About 112 bytes a leaf.
 */
export class MerkleTrie {
  readonly #inner: InnerPage[] = [];
  /** Path ‖ value hash. A leaf's own hash is made when its parent's is. */
  readonly #leaves: Uint8Array[] = [];
  readonly #freeInner: number[] = [];
  readonly #freeLeaves: number[] = [];
  // Written over for every hash: a million of them would otherwise be a million allocations.
  readonly #message = innerMessage();
  #innerCount = 0;
  #leafCount = 0;
  #root = 0;
  #budget = 0;

  /** Puts a value hash at a path, in place of one that is there. Both have 32 bytes and are copied. */
  set(path: Uint8Array, valueHash: Uint8Array): void {
    if (this.#root === 0) {
      this.#root = this.#newLeaf(path, valueHash);
      return;
    }
    const candidate = this.#leafFor(path);
    const bit = firstDifferingBit(path, this.#leaves[pageOf(-candidate)]!, slotOf(-candidate) * LEAF_BYTES);
    let parent = 0;
    let node = this.#root;
    while (node > 0 && this.#bitOf(node) < bit) {
      this.#inner[pageOf(node)]!.words[WORDS * slotOf(node) + STALE] = 1;
      parent = node;
      node = this.#childOf(node, bitAt(path, this.#bitOf(node)));
    }
    if (bit === PATH_BITS) {
      this.#leaves[pageOf(-node)]!.set(valueHash, slotOf(-node) * LEAF_BYTES + HASH_BYTES);
      return;
    }
    const leaf = this.#newLeaf(path, valueHash);
    this.#replaceChild(parent, path, this.#newInner(bit, path, leaf, node));
  }

  /** Takes the path out, if it is there. */
  delete(path: Uint8Array): void {
    if (this.#root === 0) return;
    const leaf = this.#leafFor(path);
    if (firstDifferingBit(path, this.#leaves[pageOf(-leaf)]!, slotOf(-leaf) * LEAF_BYTES) < PATH_BITS) return;
    let grandparent = 0;
    let parent = 0;
    for (let node = this.#root; node > 0; node = this.#childOf(node, bitAt(path, this.#bitOf(node)))) {
      this.#inner[pageOf(node)]!.words[WORDS * slotOf(node) + STALE] = 1;
      grandparent = parent;
      parent = node;
    }
    this.#freeLeaves.push(-leaf);
    if (parent === 0) this.#root = 0;
    else {
      const sibling = this.#childOf(parent, 1 - bitAt(path, this.#bitOf(parent)));
      this.#replaceChild(grandparent, path, sibling);
      this.#freeInner.push(parent);
    }
  }

  /** Makes hashes, about `limit` of them, where something has changed; true once none is left to make. */
  hash(limit: number): boolean {
    this.#budget = limit;
    return this.#root <= 0 || this.#refresh(this.#root);
  }

  /** 32 bytes that stand for the whole set. Costs about `log2 n` hashes for each change since the last call. */
  root(): Uint8Array {
    if (this.#root === 0) return EMPTY_ROOT;
    this.hash(Number.POSITIVE_INFINITY);
    const root = Buffer.alloc(HASH_BYTES);
    this.#writeHash(this.#root, root, 0);
    return root;
  }

  /** That the path is in the set, or that it is not. */
  prove(path: Uint8Array): TrieProof {
    if (this.#root === 0) return { siblings: new Uint8Array() };
    this.hash(Number.POSITIVE_INFINITY);
    const way: number[] = [];
    let node = this.#root;
    for (; node > 0; node = this.#childOf(node, bitAt(path, this.#bitOf(node)))) way.push(node);
    const siblings = Buffer.alloc(way.length * SIBLING_BYTES);
    way.reverse().forEach((inner, index) => {
      const bit = this.#bitOf(inner);
      siblings[index * SIBLING_BYTES] = bit;
      this.#writeHash(this.#childOf(inner, 1 - bitAt(path, bit)), siblings, index * SIBLING_BYTES + 1);
    });
    const leaf = this.#leaf(node);
    return firstDifferingBit(path, leaf, 0) === PATH_BITS
      ? { siblings }
      : { siblings, neighbour: leaf.slice() };
  }

  /** The leaf at which one arrives who looks at the bits of `path` alone: its own, or the one next to its place. */
  #leafFor(path: Uint8Array): number {
    let node = this.#root;
    while (node > 0) {
      const { words } = this.#inner[pageOf(node)]!;
      const at = WORDS * slotOf(node);
      node = words[at + bitAt(path, words[at + BIT]!)]!;
    }
    return node;
  }

  #refresh(node: number): boolean {
    const { words, hashes } = this.#inner[pageOf(node)]!;
    const at = WORDS * slotOf(node);
    if (words[at + STALE] === 0) return true;
    const left = words[at]!;
    const right = words[at + 1]!;
    if (left > 0 && !this.#refresh(left)) return false;
    if (right > 0 && !this.#refresh(right)) return false;
    if (this.#budget <= 0) return false;
    this.#budget -= 1;
    this.#message[BIT_AT] = words[at + BIT]!;
    this.#writeHash(left, this.#message, LEFT_AT);
    this.#writeHash(right, this.#message, LEFT_AT + HASH_BYTES);
    hashes.write(hashBytes(this.#message), slotOf(node) * HASH_BYTES, 'hex');
    words[at + STALE] = 0;
    return true;
  }

  #writeHash(node: number, target: Buffer, at: number): void {
    if (node < 0) target.write(leafHash(this.#leaf(node)), at, 'hex');
    else {
      const from = slotOf(node) * HASH_BYTES;
      this.#inner[pageOf(node)]!.hashes.copy(target, at, from, from + HASH_BYTES);
    }
  }

  #leaf(node: number): Uint8Array {
    const from = slotOf(-node) * LEAF_BYTES;
    return this.#leaves[pageOf(-node)]!.subarray(from, from + LEAF_BYTES);
  }

  #bitOf(node: number): number {
    return this.#inner[pageOf(node)]!.words[WORDS * slotOf(node) + BIT]!;
  }

  #childOf(node: number, side: number): number {
    return this.#inner[pageOf(node)]!.words[WORDS * slotOf(node) + side]!;
  }

  /** Hangs `child` where the way of `path` leaves `parent`; 0 is above the root. */
  #replaceChild(parent: number, path: Uint8Array, child: number): void {
    if (parent === 0) this.#root = child;
    else
      this.#inner[pageOf(parent)]!.words[WORDS * slotOf(parent) + bitAt(path, this.#bitOf(parent))] = child;
  }

  #newLeaf(path: Uint8Array, valueHash: Uint8Array): number {
    const leaf = this.#freeLeaves.pop() ?? ++this.#leafCount;
    this.#leaves[pageOf(leaf)] ??= new Uint8Array(PAGE_NODES * LEAF_BYTES);
    const page = this.#leaves[pageOf(leaf)]!;
    page.set(path, slotOf(leaf) * LEAF_BYTES);
    page.set(valueHash, slotOf(leaf) * LEAF_BYTES + HASH_BYTES);
    return -leaf;
  }

  #newInner(bit: number, path: Uint8Array, child: number, other: number): number {
    const inner = this.#freeInner.pop() ?? ++this.#innerCount;
    this.#inner[pageOf(inner)] ??= {
      hashes: Buffer.alloc(PAGE_NODES * HASH_BYTES),
      words: new Int32Array(PAGE_NODES * WORDS),
    };
    const { words } = this.#inner[pageOf(inner)]!;
    const at = WORDS * slotOf(inner);
    const side = bitAt(path, bit);
    words[at + side] = child;
    words[at + 1 - side] = other;
    words[at + BIT] = bit;
    words[at + STALE] = 1;
    return inner;
  }
}

function pageOf(node: number): number {
  return node >> PAGE_BITS;
}

function slotOf(node: number): number {
  return node & IN_PAGE;
}
