import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { MoeError, messageOf } from '@market-of-experts/core';
import type * as Usearch from 'usearch';
import type { AnnIndex, AnnIndexKind, FoundKeys } from './ann-index.ts';

const require = createRequire(import.meta.url);

export interface UsearchSettings {
  /** Links of a node in the upper layers; twice as many in the lowest. */
  readonly connectivity: number;
  /** Candidates that are weighed when a vector is added. */
  readonly expansionAdd: number;
}

/** Chosen by measurement: docs/decisions/0008-ann-index.md. */
const defaultUsearchSettings: UsearchSettings = { connectivity: 16, expansionAdd: 128 };

/** HNSW (Malkov & Yashunin 2018) by the usearch library: int8 vectors, cosine. */
export function usearchIndexKind(settings: UsearchSettings = defaultUsearchSettings): AnnIndexKind {
  return {
    name: `usearch-${settings.connectivity}-${settings.expansionAdd}`,
    create: (dimensions) => new UsearchIndex(dimensions, settings),
    open: (path, dimensions) => {
      const index = new UsearchIndex(dimensions, settings);
      reading(path, () => index.view(path, dimensions));
      return index;
    },
  };
}

function reading(path: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    throw new MoeError('history-index-invalid', `The index ${path} cannot be read: ${messageOf(cause)}.`, {
      cause,
    });
  }
}

/** Key, level and lengths of the link lists of a node; a pointer for it and one for its vector; key look-up. */
const nodeOverheadBytes = 14 + 16 + 32;
const slotBytes = 4;

class UsearchIndex implements AnnIndex {
  readonly #index: Usearch.Index;
  readonly #settings: UsearchSettings;
  readonly #dimensions: number;
  /** The file that is mapped. */
  #viewed: string | undefined;

  constructor(dimensions: number, settings: UsearchSettings) {
    this.#dimensions = dimensions;
    this.#settings = settings;
    // Loaded with the first index: beliefs, records and places need not wait for it.
    const { Index, MetricKind, ScalarKind } = require('usearch') as typeof Usearch;
    this.#index = new Index({
      dimensions,
      metric: MetricKind.Cos,
      quantization: ScalarKind.I8,
      connectivity: settings.connectivity,
      expansion_add: settings.expansionAdd,
      // The library searches as wide as the number of results asked for, if that is more.
      expansion_search: 1,
      multi: false,
    });
  }

  get size(): number {
    return this.#index.size();
  }

  get memoryBytes(): number {
    const { connectivity } = this.#settings;
    const links = slotBytes * connectivity * (2 + 1 / (connectivity - 1));
    return Math.round(this.size * (this.#dimensions + links + nodeOverheadBytes));
  }

  add(key: number, vector: Int8Array): void {
    const index = this.#writable();
    const name = BigInt(key);
    if (index.contains(name)) index.remove(name);
    index.add(name, castable(vector), 1);
  }

  remove(key: number): boolean {
    return this.#writable().remove(BigInt(key)) === 1;
  }

  search(query: Float32Array, candidates: number): FoundKeys {
    const { size } = this;
    if (size === 0) return [];
    const { keys } = this.#index.search(castable(query), Math.min(candidates, size), 1);
    return Array.from(keys, Number);
  }

  save(path: string): void {
    this.#writable().save(path);
  }

  /** Maps the file: opening does not wait until it is read. */
  view(path: string, dimensions: number): void {
    // The library's own message for a missing file depends on the system.
    if (!existsSync(path)) throw new Error('there is no such file');
    this.#index.view(path);
    if (this.#index.dimensions() !== dimensions)
      throw new Error(`its vectors have ${this.#index.dimensions()} numbers instead of ${dimensions}`);
    this.#viewed = path;
  }

  /** A mapped index takes no additions, so it is read when the first one comes. */
  #writable(): Usearch.Index {
    const path = this.#viewed;
    if (path !== undefined) reading(path, () => this.#index.load(path));
    this.#viewed = undefined;
    return this.#index;
  }
}

/** Length to which the library scales what it turns into int8. */
const castLength = 127;

/**
 * The library takes float32 vectors only, scales them to length 127 and cuts off what is behind the point, which loses
 * half a step of each number on average and caps recall. So the vector, of int8 numbers or of any length, is rounded
 * here, and a little is added to each number such that the length is 127 and cutting off gives the rounded number. Where
 * the rounded vector is too long for that, its largest numbers are one less.
 */
function castable(vector: Int8Array | Float32Array): Float32Array {
  let squares = 0;
  for (let axis = 0; axis < vector.length; axis += 1) squares += vector[axis]! * vector[axis]!;
  const scale = castLength / Math.sqrt(squares);
  // Bytes that are about as long as wanted stay as they are.
  const isRounded = vector instanceof Int8Array && Math.abs(scale - 1) < lengthTolerance;
  const cast = new Float32Array(vector.length);
  let sum = 0;
  let count = 0;
  squares = 0;
  for (let axis = 0; axis < vector.length; axis += 1) {
    const value = isRounded ? vector[axis]! : Math.round(scale * vector[axis]!);
    cast[axis] = value;
    squares += value * value;
    sum += Math.abs(value);
    if (value !== 0) count += 1;
  }
  while (squares > castLength ** 2 - 2 * leastRest * sum) {
    let largest = 0;
    for (let axis = 1; axis < cast.length; axis += 1)
      if (Math.abs(cast[axis]!) > Math.abs(cast[largest]!)) largest = axis;
    const value = Math.abs(cast[largest]!);
    if (value <= 1) break;
    cast[largest] = Math.sign(cast[largest]!) * (value - 1);
    squares -= 2 * value - 1;
    sum -= 1;
  }
  const rest = (Math.sqrt(sum ** 2 + count * (castLength ** 2 - squares)) - sum) / count;
  for (let axis = 0; axis < cast.length; axis += 1) cast[axis] = cast[axis]! + rest * Math.sign(cast[axis]!);
  return cast;
}

const lengthTolerance = 0.02;
/** What is added at least, so that no rounding error falls below the whole number. */
const leastRest = 0.001;
