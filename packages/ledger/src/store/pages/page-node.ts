export const pageBytes = 4_096;
/** What a page begins with; the numbers of its nodes, or a large value, follow. */
export const headBytes = 24;
export const nodeHead = 8;
/** A description of a table, in bytes. */
export const recordBytes = 48;
const deepest = 32;
const noPage = 0xffff_ffff_ffff_ffffn;
const nodeFlag = { overflow: 1, table: 2 } as const;

/** What is wrong with a file; completes the sentence "the store is damaged: …". */
export class DamagedPages extends Error {}

/** What is said of a table: what its pages must add up to. */
export interface Tree {
  readonly depth: number;
  readonly branches: number;
  readonly leaves: number;
  readonly overflows: number;
  readonly entries: bigint;
  /** Undefined for a table without entries. */
  readonly root: number | undefined;
}

/** Pages that follow one another. */
export interface PageRun {
  readonly first: number;
  readonly count: number;
}

/** One node of a page: a key and, in a branch, the page under it, in a leaf its value. */
export class PageNode {
  readonly #page: Buffer;
  readonly #at: number;

  constructor(page: Buffer, at: number) {
    this.#page = page;
    this.#at = at;
  }

  get key(): Buffer {
    return this.#page.subarray(this.#at + nodeHead, this.#valueAt);
  }

  /** Six bytes. */
  get child(): number {
    return this.#page.readUIntLE(this.#at, 6);
  }

  get isOfLeaf(): boolean {
    const flags = this.#flags;
    return flags === 0 || flags === nodeFlag.overflow || flags === nodeFlag.table;
  }

  /** The value lies in pages of its own. */
  get isLarge(): boolean {
    return (this.#flags & nodeFlag.overflow) !== 0;
  }

  get branchBytes(): number {
    return nodeHead + this.#keyBytes;
  }

  get leafBytes(): number {
    return this.branchBytes + (this.isLarge ? 24 : this.size);
  }

  /** Of the value, in bytes. */
  get size(): number {
    return this.#page.readUInt32LE(this.#at);
  }

  /** A value that is not large. */
  get value(): Buffer {
    return this.#page.subarray(this.#valueAt, this.#valueAt + this.size);
  }

  /** The pages of a large value; undefined if they are not as many as its size needs. */
  get overflow(): PageRun | undefined {
    const count = Number(this.#page.readBigUInt64LE(this.#valueAt + 16));
    if (count !== Math.floor((headBytes - 1 + this.size) / pageBytes) + 1) return undefined;
    return { first: this.#firstOverflow, count };
  }

  /** Where a large value begins in the file. */
  get overflowStart(): number {
    return this.#firstOverflow * pageBytes + headBytes;
  }

  /** The table that the value describes. */
  table(): Tree {
    if (this.#flags !== nodeFlag.table || this.size !== recordBytes)
      throw new DamagedPages('the list of its tables has changed');
    return treeIn(this.value, 0);
  }

  /** In a table of values a leaf holds no tables. */
  mustBeValue(): void {
    if ((this.#flags & nodeFlag.table) !== 0) throw new DamagedPages('a value has become a table');
  }

  get #flags(): number {
    return this.#page.readUInt16LE(this.#at + 4);
  }

  get #keyBytes(): number {
    return this.#page.readUInt16LE(this.#at + 6);
  }

  get #valueAt(): number {
    return this.#at + nodeHead + this.#keyBytes;
  }

  get #firstOverflow(): number {
    return Number(this.#page.readBigUInt64LE(this.#valueAt));
  }
}

/** A description of a table; `flags` say how its keys are ordered. */
export function treeIn(record: Buffer, flags: number): Tree {
  const root = record.readBigUInt64LE(40);
  const depth = record.readUInt16LE(6);
  const isEmpty = root === noPage;
  if (record.readUInt16LE(4) !== flags || depth > deepest || isEmpty !== (depth === 0))
    throw new DamagedPages('the description of a table has changed');
  return {
    depth,
    branches: Number(record.readBigUInt64LE(8)),
    leaves: Number(record.readBigUInt64LE(16)),
    overflows: Number(record.readBigUInt64LE(24)),
    entries: record.readBigUInt64LE(32),
    root: isEmpty ? undefined : Number(root),
  };
}
