import { readFileSync, writeFileSync } from 'node:fs';
import { MoeError, messageOf } from '@market-of-experts/core';
import type { AnnIndex, AnnIndexKind, FoundKeys } from './ann-index.ts';

const keyBytes = 8;

/**
 * Compares the query with every vector: the reference for the approximate ones, and the better choice for a few
 * thousand vectors, or where results must not depend on the order of adds.
 */
export const exactIndexKind: AnnIndexKind = {
  name: 'exact-1',
  create: (dimensions) => new ExactIndex(dimensions),
  open: (path, dimensions) => {
    const index = new ExactIndex(dimensions);
    try {
      index.read(readFileSync(path));
    } catch (cause) {
      throw new MoeError('history-index-invalid', `The index ${path} cannot be read: ${messageOf(cause)}.`, {
        cause,
      });
    }
    return index;
  },
};

class ExactIndex implements AnnIndex {
  readonly #dimensions: number;
  readonly #slots = new Map<number, number>();
  #keys: number[] = [];
  #vectors: Int8Array;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#vectors = new Int8Array(16 * dimensions);
  }

  get size(): number {
    return this.#keys.length;
  }

  get memoryBytes(): number {
    return this.#vectors.length + this.#keys.length * keyBytes;
  }

  add(key: number, vector: Int8Array): void {
    const slot = this.#slots.get(key) ?? this.#keys.length;
    if (slot === this.#keys.length) this.#keys.push(key);
    const start = slot * this.#dimensions;
    if (start === this.#vectors.length) {
      const larger = new Int8Array(2 * this.#vectors.length);
      larger.set(this.#vectors);
      this.#vectors = larger;
    }
    this.#vectors.set(vector, start);
    this.#slots.set(key, slot);
  }

  remove(key: number): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    // The last one takes its place.
    const last = this.#keys.length - 1;
    const moved = this.#keys.pop()!;
    this.#slots.delete(key);
    if (slot === last) return true;
    const start = last * this.#dimensions;
    this.#vectors.copyWithin(slot * this.#dimensions, start, start + this.#dimensions);
    this.#keys[slot] = moved;
    this.#slots.set(moved, slot);
    return true;
  }

  search(query: Float32Array, candidates: number): FoundKeys {
    const similarities = new Float64Array(this.#keys.length);
    for (let slot = 0; slot < similarities.length; slot += 1) similarities[slot] = this.#cosine(query, slot);
    const count = Math.min(candidates, similarities.length);
    // Everything that is as near as the last one to be taken; ties are cut by key.
    const least = count === 0 ? 0 : similarities.toSorted()[similarities.length - count]!;
    return this.#keys
      .map((key, slot) => ({ key, similarity: similarities[slot]! }))
      .filter(({ similarity }) => similarity >= least)
      .sort((a, b) => b.similarity - a.similarity || a.key - b.key)
      .slice(0, count)
      .map(({ key }) => key);
  }

  save(path: string): void {
    const bytes = Buffer.alloc(this.#keys.length * (keyBytes + this.#dimensions));
    for (const [slot, key] of this.#keys.entries()) bytes.writeDoubleLE(key, slot * keyBytes);
    bytes.set(
      new Uint8Array(this.#vectors.buffer, 0, this.#keys.length * this.#dimensions),
      this.#keys.length * keyBytes,
    );
    writeFileSync(path, bytes);
  }

  read(bytes: Buffer): void {
    const count = bytes.length / (keyBytes + this.#dimensions);
    if (!Number.isInteger(count)) throw new Error('it is not a whole number of vectors');
    const vectors = new Int8Array(bytes.buffer, bytes.byteOffset + count * keyBytes);
    for (let slot = 0; slot < count; slot += 1) {
      const start = slot * this.#dimensions;
      const key = bytes.readDoubleLE(slot * keyBytes);
      if (!Number.isSafeInteger(key) || key < 0) throw new Error(`it has the key ${key}`);
      this.add(key, vectors.subarray(start, start + this.#dimensions));
    }
  }

  #cosine(query: Float32Array, slot: number): number {
    const start = slot * this.#dimensions;
    let product = 0;
    let squares = 0;
    for (let axis = 0; axis < this.#dimensions; axis += 1) {
      const value = this.#vectors[start + axis]!;
      product += query[axis]! * value;
      squares += value * value;
    }
    return product / Math.sqrt(squares);
  }
}
