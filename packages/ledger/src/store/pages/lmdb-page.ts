import {
  DamagedPages,
  headBytes,
  nodeHead,
  PageNode,
  pageBytes,
  recordBytes,
  type Tree,
  treeIn,
} from './page-node.ts';

/** The first two pages are commit records. */
export const metaPages = 2;
const bodyBytes = pageBytes - headBytes;
const magic = 0xbeefc0de;
const dataVersion = 2;
const flag = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;
const integerKeys = 8;

/** A commit record: where everything is. */
export interface Meta {
  readonly free: Tree;
  readonly main: Tree;
  readonly lastPage: number;
  readonly transaction: bigint;
}

/**
 * One page of LMDB's data file (data version 2, little-endian), at the place where page `number` is, read without LMDB. A
 * number in it that cannot be right is refused with {@link DamagedPages}, as far as the page alone can tell.
 */
export class LmdbPage {
  readonly number: number;
  readonly #bytes: Buffer;

  constructor(number: number, bytes: Buffer) {
    this.number = number;
    this.#bytes = bytes;
  }

  /** Whether it says of itself that it is the page of its place. */
  get hasItsNumber(): boolean {
    return this.#bytes.readBigUInt64LE(0) === BigInt(this.number);
  }

  /** The one that wrote it. */
  get transaction(): bigint {
    return this.#bytes.readBigUInt64LE(8);
  }

  /** Of the first page of a large value: how many pages the value has. */
  get overflowPages(): number {
    return this.#bytes.readUInt32LE(20);
  }

  is(kind: keyof typeof flag): boolean {
    return this.#bytes.readUInt16LE(18) === flag[kind];
  }

  meta(): Meta {
    const bytes = this.#bytes;
    const isMeta =
      this.hasItsNumber &&
      this.is('meta') &&
      bytes.readUInt32LE(24) === magic &&
      bytes.readUInt32LE(28) === dataVersion &&
      bytes.readBigUInt64LE(32) === 0n;
    const free = bytes.subarray(48, 48 + recordBytes);
    const main = bytes.subarray(48 + recordBytes, 48 + 2 * recordBytes);
    if (!isMeta || free.readUInt32LE(0) !== pageBytes || free.readUInt16LE(4) !== integerKeys)
      throw new DamagedPages(`page ${this.number}, which says where everything is, has changed`);
    const lastPage = bytes.readBigUInt64LE(144);
    return {
      free: treeIn(free, integerKeys),
      main: treeIn(main, 0),
      lastPage: lastPage > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(lastPage),
      transaction: bytes.readBigUInt64LE(152),
    };
  }

  /** The nodes of a branch or leaf; they fill the page from its end without gaps. */
  nodes(isLeaf: boolean): PageNode[] {
    const lower = this.#bytes.readUInt16LE(20);
    const upper = this.#bytes.readUInt16LE(22);
    if (lower % 2 !== 0 || lower > upper || upper > bodyBytes) throw this.changed();
    const nodes: PageNode[] = [];
    let used = 0;
    for (let at = 0; at < lower; at += 2) {
      const start = this.#bytes.readUInt16LE(headBytes + at);
      if (start < upper || start + nodeHead > bodyBytes) throw this.changed();
      const node = new PageNode(this.#bytes, headBytes + start);
      if (isLeaf && !node.isOfLeaf) throw this.changed();
      const bytes = isLeaf ? node.leafBytes : node.branchBytes;
      const even = bytes + (bytes % 2);
      if (start + even > bodyBytes) throw this.changed();
      used += even;
      nodes.push(node);
    }
    if (used !== bodyBytes - upper) throw this.changed();
    return nodes;
  }

  changed(): DamagedPages {
    return new DamagedPages(`page ${this.number} has changed`);
  }
}
