import { encode, sha256, toHex } from '@market-of-experts/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MerkleTrie } from '../../../src/ledger/proofs/merkle-trie.ts';
import { verifyTrieProof } from '../../../src/ledger/proofs/trie-proof.ts';

const bitOf = (path: Uint8Array, bit: number) => (path[bit >> 3]! >> (7 - (bit & 7))) & 1;

/** The root as the definition says it, from the whole set at once. */
function rootByDefinition(pairs: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  if (pairs.length === 0) return sha256(encode('moe/state-empty/2'));
  if (pairs.length === 1) return sha256(encode('moe/state-leaf/2'), ...pairs[0]!);
  const bit = Array.from({ length: 256 }, (_, index) => index).find(
    (index) => new Set(pairs.map(([path]) => bitOf(path, index))).size === 2,
  )!;
  const side = (wanted: number) => rootByDefinition(pairs.filter(([path]) => bitOf(path, bit) === wanted));
  return sha256(encode('moe/state-inner/2'), Uint8Array.of(bit), side(0), side(1));
}

/** Hashes, and near twins of them that differ in one late bit, so that the trie is also deep in places. */
const path = fc
  .tuple(fc.nat({ max: 30 }), fc.constantFrom(undefined, 1, 7, 8, 100, 254, 255))
  .map(([index, flipped]) => {
    const made = new Uint8Array(sha256(Uint8Array.of(index)));
    if (flipped !== undefined) made[flipped >> 3]! ^= 0x80 >> (flipped & 7);
    return made;
  });
const value = fc.nat({ max: 9 }).map((index) => new Uint8Array(sha256(Uint8Array.of(255, index))));
/** Puts a value at a path, or takes the path out. */
const step = fc.tuple(path, fc.option(value, { nil: undefined, freq: 3 }));

function follow(trie: MerkleTrie, model: Map<string, [Uint8Array, Uint8Array]>, [at, to]: Step): void {
  if (to === undefined) {
    trie.delete(at);
    model.delete(toHex(at));
  } else {
    trie.set(at, to);
    model.set(toHex(at), [at, to]);
  }
}
type Step = [Uint8Array, Uint8Array | undefined];

test('after any steps, in slices or not, the root is that of the set by definition', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, fc.option(fc.nat({ max: 5 }))), { maxLength: 80, size: 'max' }),
      (steps) => {
        const trie = new MerkleTrie();
        const model = new Map<string, [Uint8Array, Uint8Array]>();
        for (const [one, limit] of steps) {
          follow(trie, model, one);
          if (limit !== null) trie.hash(limit);
        }
        const root = rootByDefinition([...model.values()]);
        while (!trie.hash(1));
        expect(toHex(trie.root())).toBe(toHex(root));
        const another = new MerkleTrie();
        for (const [at, to] of [...model.values()].reverse()) another.set(at, to);
        expect(toHex(another.root())).toBe(toHex(root));
        for (const [at] of model.values()) another.delete(at);
        expect(toHex(another.root())).toBe(toHex(rootByDefinition([])));
      },
    ),
    { numRuns: 200 },
  );
});

test('proofs show what is there and what is not; altered ones show nothing', () => {
  const absent = { alone: 0, beside: 0 };
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40, size: 'max' }),
      path,
      value,
      fc.nat(),
      (steps, at, other, where) => {
        const trie = new MerkleTrie();
        const model = new Map<string, [Uint8Array, Uint8Array]>();
        for (const one of steps) follow(trie, model, one);
        const root = trie.root();
        const held = model.get(toHex(at))?.[1];
        const proof = trie.prove(at);
        if (held === undefined) absent[model.size === 0 ? 'alone' : 'beside'] += 1;
        expect(verifyTrieProof(root, at, held, proof)).toBe(true);

        const isOther = held === undefined || toHex(held) !== toHex(other);
        if (isOther) expect(verifyTrieProof(root, at, other, proof)).toBe(false);
        if (held !== undefined) expect(verifyTrieProof(root, at, undefined, proof)).toBe(false);
        expect(verifyTrieProof(flip(root, where), at, held, proof)).toBe(false);
        expect(verifyTrieProof(root, at, held, { ...proof, neighbour: new Uint8Array(64) })).toBe(false);
        const { siblings } = proof;
        if (siblings.length > 0) {
          for (const changed of [flip(siblings, where), siblings.slice(33), siblings.slice(1)])
            expect(verifyTrieProof(root, at, held, { ...proof, siblings: changed })).toBe(false);
          const repeated = new Uint8Array([...siblings, ...siblings.slice(-33)]);
          expect(verifyTrieProof(root, at, held, { ...proof, siblings: repeated })).toBe(false);
        }
        if (proof.neighbour !== undefined)
          expect(verifyTrieProof(root, at, held, { ...proof, neighbour: flip(proof.neighbour, where) })).toBe(
            false,
          );
        // A proof for one path says nothing of another.
        for (const [elsewhere, there] of model.values())
          if (toHex(elsewhere) !== toHex(at)) {
            expect(verifyTrieProof(root, elsewhere, undefined, proof)).toBe(false);
            if (held !== undefined) expect(verifyTrieProof(root, elsewhere, there, proof)).toBe(false);
          }
      },
    ),
    { numRuns: 300 },
  );
  expect(absent.alone).toBeGreaterThan(0);
  expect(absent.beside).toBeGreaterThan(0);
});

test('10,000 leaves: a proof is about log2 n long, and pages are used again', () => {
  const trie = new MerkleTrie();
  const pathOf = (index: number) => sha256(Buffer.from(`leaf ${index}`));
  for (let index = 0; index < 10_000; index += 1) trie.set(pathOf(index), pathOf(-index));
  const root = trie.root();
  const lengths = Array.from({ length: 10_000 }, (_, index) => {
    const proof = trie.prove(pathOf(index));
    if (index % 100 === 0) expect(verifyTrieProof(root, pathOf(index), pathOf(-index), proof)).toBe(true);
    return proof.siblings.length / 33;
  });
  expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeLessThan(15);
  for (let index = 0; index < 10_000; index += 1) trie.delete(pathOf(index));
  for (let index = 9_999; index >= 0; index -= 1) trie.set(pathOf(index), pathOf(-index));
  expect(toHex(trie.root())).toBe(toHex(root));
});

function flip(bytes: Uint8Array, where: number): Uint8Array {
  const flipped = new Uint8Array(bytes);
  flipped[where % flipped.length]! ^= 1 << (where % 7);
  return flipped;
}
