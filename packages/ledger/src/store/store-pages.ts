import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * The data file of LMDB (data version 2, little-endian), read without LMDB. It maps the file into memory and follows every
 * number that it finds there, so that a file that is cut short or changed kills the process with a signal, or makes it write over
 * pages in use. Here each number is looked at before it is followed.
 */
const pageBytes = 4_096;
const headBytes = 24;
const bodyBytes = pageBytes - headBytes;
const nodeHead = 8;
const recordBytes = 48;
const metaPages = 2;
const magic = 0xbeefc0de;
const dataVersion = 2;
const deepest = 32;
const noPage = 0xffff_ffff_ffff_ffffn;
const flag = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;
const nodeFlag = { overflow: 1, table: 2 } as const;
const integerKeys = 8;
/** Pages that may be free at the end without being in the file. */
const missingAtEnd = 65_536;

/** What is wrong with a file; completes the sentence "the store is damaged: …". */
export class DamagedPages extends Error {}

interface Tree {
  readonly depth: number;
  readonly branches: number;
  readonly leaves: number;
  readonly overflows: number;
  readonly entries: bigint;
  /** Undefined for a table without entries. */
  readonly root: number | undefined;
}

interface Meta {
  readonly free: Tree;
  readonly main: Tree;
  readonly lastPage: number;
  readonly transaction: bigint;
}

/**
 * Goes through all pages that are in use and the list of those that are not. Throws {@link DamagedPages}. An empty file, as a
 * start that was killed leaves it, is not damaged. Returns the number of pages that were read.
 */
export function checkPages(path: string): number {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return size === 0 ? 0 : new PageWalk(file, size).check();
  } finally {
    closeSync(file);
  }
}

class PageWalk {
  readonly #file: number;
  readonly #pages: number;
  /** 1 for a page that is in use, 2 for one that is listed as free. */
  readonly #seen: Uint8Array;
  #meta!: Meta;
  #read = 0;

  constructor(file: number, size: number) {
    this.#file = file;
    this.#pages = Math.floor(size / pageBytes);
    if (this.#pages < metaPages) throw new DamagedPages(`it has only ${size} bytes, so it was cut short`);
    this.#seen = new Uint8Array(this.#pages + missingAtEnd);
  }

  check(): number {
    const metas = [this.#readMeta(0), this.#readMeta(1)] as const;
    const meta = metas[0].transaction > metas[1].transaction ? metas[0] : metas[1];
    const older = meta === metas[0] ? metas[1] : metas[0];
    // Each commit writes the page of its number's parity.
    const isFresh = meta.transaction === 0n;
    if (
      !isFresh &&
      (meta.transaction - older.transaction !== 1n || metas[Number(meta.transaction & 1n)] !== meta)
    )
      throw new DamagedPages('its two commit records do not follow one another');
    if (meta.lastPage >= this.#pages + missingAtEnd)
      throw new DamagedPages(
        `it should have ${meta.lastPage + 1} pages and has ${this.#pages}, so it was cut short`,
      );
    this.#meta = meta;
    this.#seen.fill(1, 0, metaPages);
    const newest: bigint[] = [];
    this.#walk(meta.main, false, newest, (page, node) => this.#walk(this.#tableAt(page, node), false, []));
    const free: Buffer[] = [];
    this.#walk(meta.free, true, newest, (page, node) => {
      noTable(page, node);
      free.push(this.#valueAt(page, node));
    });
    if (!isFresh && !newest.includes(meta.transaction))
      throw new DamagedPages('its newest commit record is not that of the newest content');
    for (const list of free) this.#checkFree(list);
    return this.#read;
  }

  #readMeta(number: number): Meta {
    const page = this.#page(number);
    const isMeta =
      page.readBigUInt64LE(0) === BigInt(number) &&
      page.readUInt16LE(18) === flag.meta &&
      page.readUInt32LE(24) === magic &&
      page.readUInt32LE(28) === dataVersion &&
      page.readBigUInt64LE(32) === 0n;
    const free = page.subarray(48, 48 + recordBytes);
    const main = page.subarray(48 + recordBytes, 48 + 2 * recordBytes);
    if (!isMeta || free.readUInt32LE(0) !== pageBytes || free.readUInt16LE(4) !== integerKeys)
      throw new DamagedPages(`page ${number}, which says where everything is, has changed`);
    const lastPage = page.readBigUInt64LE(144);
    return {
      free: treeIn(free, integerKeys),
      main: treeIn(main, 0),
      lastPage: lastPage > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(lastPage),
      transaction: page.readBigUInt64LE(152),
    };
  }

  /** Goes through a tree and compares it with what is said of it. */
  #walk(
    tree: Tree,
    isFree: boolean,
    newest: bigint[],
    onLeaf: (page: Buffer, node: number) => void = noTable,
  ): void {
    const counted = { branches: 0, leaves: 0, overflows: 0, entries: 0n };
    const visit = (number: number, depth: number, from: Buffer | undefined, to: Buffer | undefined): void => {
      const page = this.#inUse(number);
      const isLeaf = depth === tree.depth;
      if (page.readUInt16LE(18) !== (isLeaf ? flag.leaf : flag.branch)) throw changed(number);
      const nodes = this.#nodesOf(page, number, isLeaf);
      if (isLeaf) counted.leaves += 1;
      else counted.branches += 1;
      if (!isLeaf && nodes.length < 2) throw changed(number);
      let before = from;
      for (const [index, node] of nodes.entries()) {
        const key = keyAt(page, node);
        // The first key of a branch says nothing.
        if (isLeaf || index > 0) {
          const order = before === undefined ? 1 : compare(key, before, isFree);
          if (
            order < 0 ||
            (order === 0 && (index > 0 || !isLeaf)) ||
            (to !== undefined && compare(key, to, isFree) >= 0)
          )
            throw new DamagedPages(`the keys of page ${number} are not in order`);
          before = key;
        }
        if (!isLeaf) {
          const next = nodes[index + 1];
          visit(
            childAt(page, node),
            depth + 1,
            index === 0 ? from : key,
            next === undefined ? to : keyAt(page, next),
          );
          continue;
        }
        counted.entries += 1n;
        if ((page.readUInt16LE(node + 4) & nodeFlag.overflow) !== 0)
          counted.overflows += this.#overflowAt(page, node, number);
        onLeaf(page, node);
      }
    };
    if (tree.root !== undefined) {
      visit(tree.root, 1, undefined, undefined);
      newest.push(this.#page(tree.root).readBigUInt64LE(8));
    }
    if (
      counted.branches !== tree.branches ||
      counted.leaves !== tree.leaves ||
      counted.overflows !== tree.overflows ||
      counted.entries !== tree.entries
    )
      throw new DamagedPages('a table does not have as many entries as it should');
  }

  /** Where each node of a page begins; they fill the page from its end without gaps. */
  #nodesOf(page: Buffer, number: number, isLeaf: boolean): number[] {
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    if (lower % 2 !== 0 || lower > upper || upper > bodyBytes) throw changed(number);
    const nodes: number[] = [];
    let used = 0;
    for (let at = 0; at < lower; at += 2) {
      const start = page.readUInt16LE(headBytes + at);
      if (start < upper || start + nodeHead > bodyBytes) throw changed(number);
      const node = headBytes + start;
      const flags = page.readUInt16LE(node + 4);
      let bytes = nodeHead + page.readUInt16LE(node + 6);
      if (isLeaf) {
        if (flags !== 0 && flags !== nodeFlag.overflow && flags !== nodeFlag.table) throw changed(number);
        bytes += (flags & nodeFlag.overflow) === 0 ? sizeAt(page, node) : 24;
      }
      bytes += bytes % 2;
      if (start + bytes > bodyBytes) throw changed(number);
      used += bytes;
      nodes.push(node);
    }
    if (used !== bodyBytes - upper) throw changed(number);
    return nodes;
  }

  /** Marks the pages of a large value and returns how many they are. */
  #overflowAt(page: Buffer, node: number, owner: number): number {
    const at = node + nodeHead + page.readUInt16LE(node + 6);
    const first = Number(page.readBigUInt64LE(at));
    const count = Number(page.readBigUInt64LE(at + 16));
    if (count !== Math.floor((headBytes - 1 + sizeAt(page, node)) / pageBytes) + 1) throw changed(owner);
    const head = this.#inUse(first);
    if (head.readUInt16LE(18) !== flag.overflow || head.readUInt32LE(20) !== count) throw changed(first);
    for (let next = 1; next < count; next += 1) this.#mark(first + next);
    return count;
  }

  #tableAt(page: Buffer, node: number): Tree {
    const at = node + nodeHead + page.readUInt16LE(node + 6);
    if (page.readUInt16LE(node + 4) !== nodeFlag.table || sizeAt(page, node) !== recordBytes)
      throw new DamagedPages('the list of its tables has changed');
    return treeIn(page.subarray(at, at + recordBytes), 0);
  }

  #valueAt(page: Buffer, node: number): Buffer {
    const at = node + nodeHead + page.readUInt16LE(node + 6);
    const size = sizeAt(page, node);
    if ((page.readUInt16LE(node + 4) & nodeFlag.overflow) === 0) return page.subarray(at, at + size);
    const value = Buffer.alloc(size);
    readSync(this.#file, value, 0, size, Number(page.readBigUInt64LE(at)) * pageBytes + headBytes);
    return value;
  }

  /** A list of free pages: its length, then numbers of pages; a negative one says how many pages the next one stands for. */
  #checkFree(list: Buffer): void {
    const length = list.length / 8 - 1;
    if (!Number.isInteger(length) || length < 0 || list.readBigUInt64LE(0) > BigInt(length)) throw freeList();
    const used = Number(list.readBigUInt64LE(0));
    for (let index = 1, count = 1n; index <= used; index += 1) {
      const value = list.readBigInt64LE(8 * index);
      if (value <= 0n) {
        count = value === 0n ? 1n : -value;
        continue;
      }
      if (value < metaPages || value + count > BigInt(this.#meta.lastPage + 1)) throw freeList();
      for (let page = Number(value); page < Number(value + count); page += 1) {
        if (this.#seen[page] !== 0) throw freeList();
        this.#seen[page] = 2;
      }
      count = 1n;
    }
  }

  /** A page that is used once, in the file, and was not written after the last commit. */
  #inUse(number: number): Buffer {
    this.#mark(number);
    const page = this.#page(number);
    if (page.readBigUInt64LE(0) !== BigInt(number) || page.readBigUInt64LE(8) > this.#meta.transaction)
      throw changed(number);
    return page;
  }

  #mark(number: number): void {
    if (number >= this.#pages) throw new DamagedPages(`page ${number} is missing, so it was cut short`);
    if (!(number >= metaPages) || number > this.#meta.lastPage || this.#seen[number] !== 0)
      throw new DamagedPages(`page ${number} is used where it cannot be`);
    this.#seen[number] = 1;
  }

  #page(number: number): Buffer {
    const page = Buffer.allocUnsafe(pageBytes);
    if (readSync(this.#file, page, 0, pageBytes, number * pageBytes) !== pageBytes)
      throw new DamagedPages(`page ${number} cannot be read`);
    this.#read += 1;
    return page;
  }
}

/** In a table of values a leaf holds no tables. */
function noTable(page: Buffer, node: number): void {
  if ((page.readUInt16LE(node + 4) & nodeFlag.table) !== 0)
    throw new DamagedPages('a value has become a table');
}

function treeIn(record: Buffer, flags: number): Tree {
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

const keyAt = (page: Buffer, node: number): Buffer =>
  page.subarray(node + nodeHead, node + nodeHead + page.readUInt16LE(node + 6));
const sizeAt = (page: Buffer, node: number): number => page.readUInt32LE(node);
/** Six bytes. */
const childAt = (page: Buffer, node: number): number => page.readUIntLE(node, 6);

function compare(a: Buffer, b: Buffer, isInteger: boolean): number {
  if (!isInteger) return Buffer.compare(a, b);
  if (a.length !== 8 || b.length !== 8) throw freeList();
  const [left, right] = [a.readBigUInt64LE(0), b.readBigUInt64LE(0)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const changed = (page: number): DamagedPages => new DamagedPages(`page ${page} has changed`);
const freeList = (): DamagedPages => new DamagedPages('the list of its free pages has changed');
