import { existsSync } from 'node:fs';
import { MoeError, messageOf } from '@moe/core';
import { Index, MetricKind, ScalarKind } from 'usearch';
import type { AnnIndex, AnnIndexKind, FoundKeys } from './ann-index.ts';

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
      try {
        index.load(path, dimensions);
      } catch (cause) {
        throw new MoeError(
          'history-index-invalid',
          `The index ${path} cannot be read: ${messageOf(cause)}.`,
          { cause },
        );
      }
      return index;
    },
  };
}

/** Key, level and lengths of the link lists of a node; a pointer for it and one for its vector; key look-up. */
const nodeOverheadBytes = 14 + 16 + 32;
const slotBytes = 4;

class UsearchIndex implements AnnIndex {
  readonly #index: Index;
  readonly #settings: UsearchSettings;
  readonly #dimensions: number;

  constructor(dimensions: number, settings: UsearchSettings) {
    this.#dimensions = dimensions;
    this.#settings = settings;
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
    const name = BigInt(key);
    if (this.#index.contains(name)) this.#index.remove(name);
    this.#index.add(name, vector, 1);
  }

  remove(key: number): boolean {
    return this.#index.remove(BigInt(key)) === 1;
  }

  search(query: Float32Array, candidates: number): FoundKeys {
    const { size } = this;
    if (size === 0) return [];
    const { keys } = this.#index.search(query, Math.min(candidates, size), 1);
    return Array.from(keys, Number);
  }

  save(path: string): void {
    this.#index.save(path);
  }

  load(path: string, dimensions: number): void {
    // The library's own message for a missing file depends on the system.
    if (!existsSync(path)) throw new Error('there is no such file');
    this.#index.load(path);
    if (this.#index.dimensions() !== dimensions)
      throw new Error(`its vectors have ${this.#index.dimensions()} numbers instead of ${dimensions}`);
  }
}
