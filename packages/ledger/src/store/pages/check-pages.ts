import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { changedFreeList, compareKeys, freeRuns } from './free-list.ts';
import { LmdbPage, type Meta, metaPages } from './lmdb-page.ts';
import { DamagedPages, type PageNode, pageBytes, type Tree } from './page-node.ts';

/** Pages that may be free at the end without being in the file. */
const missingAtEnd = 65_536;

/**
 * Goes through all pages of LMDB's data file that are in use and the list of those that are not. LMDB maps the file into memory
 * and follows every number that it finds there, so that a file that is cut short or changed kills the process with a signal, or
 * makes it write over pages in use. Here each number is looked at before it is followed.
 *
 * Throws {@link DamagedPages}. An empty file, as a start that was killed leaves it, is not damaged. Returns the number of pages
 * that were read.
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
    const metas = [this.#page(0).meta(), this.#page(1).meta()] as const;
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
    this.#walk(meta.main, false, newest, (node) => this.#walk(node.table(), false, []));
    const free: Buffer[] = [];
    this.#walk(meta.free, true, newest, (node) => {
      node.mustBeValue();
      free.push(this.#valueOf(node));
    });
    if (!isFresh && !newest.includes(meta.transaction))
      throw new DamagedPages('its newest commit record is not that of the newest content');
    for (const list of free) this.#checkFree(list);
    return this.#read;
  }

  /** Goes through a tree and compares it with what is said of it. */
  #walk(
    tree: Tree,
    isFree: boolean,
    newest: bigint[],
    onLeaf: (node: PageNode) => void = (node) => node.mustBeValue(),
  ): void {
    const counted = { branches: 0, leaves: 0, overflows: 0, entries: 0n };
    const visit = (number: number, depth: number, from: Buffer | undefined, to: Buffer | undefined): void => {
      const page = this.#inUse(number);
      const isLeaf = depth === tree.depth;
      if (!page.is(isLeaf ? 'leaf' : 'branch')) throw page.changed();
      const nodes = page.nodes(isLeaf);
      if (isLeaf) counted.leaves += 1;
      else counted.branches += 1;
      if (!isLeaf && nodes.length < 2) throw page.changed();
      let before = from;
      for (const [index, node] of nodes.entries()) {
        const { key } = node;
        // The first key of a branch says nothing.
        if (isLeaf || index > 0) {
          const order = before === undefined ? 1 : compareKeys(key, before, isFree);
          if (
            order < 0 ||
            (order === 0 && (index > 0 || !isLeaf)) ||
            (to !== undefined && compareKeys(key, to, isFree) >= 0)
          )
            throw new DamagedPages(`the keys of page ${number} are not in order`);
          before = key;
        }
        if (!isLeaf) {
          visit(node.child, depth + 1, index === 0 ? from : key, nodes[index + 1]?.key ?? to);
          continue;
        }
        counted.entries += 1n;
        if (node.isLarge) counted.overflows += this.#markLarge(node, page);
        onLeaf(node);
      }
    };
    if (tree.root !== undefined) {
      visit(tree.root, 1, undefined, undefined);
      newest.push(this.#page(tree.root).transaction);
    }
    if (
      counted.branches !== tree.branches ||
      counted.leaves !== tree.leaves ||
      counted.overflows !== tree.overflows ||
      counted.entries !== tree.entries
    )
      throw new DamagedPages('a table does not have as many entries as it should');
  }

  /** Marks the pages of a large value and returns how many they are. */
  #markLarge(node: PageNode, owner: LmdbPage): number {
    const { overflow } = node;
    if (overflow === undefined) throw owner.changed();
    const { first, count } = overflow;
    const head = this.#inUse(first);
    if (!head.is('overflow') || head.overflowPages !== count) throw head.changed();
    for (let next = 1; next < count; next += 1) this.#mark(first + next);
    return count;
  }

  #valueOf(node: PageNode): Buffer {
    if (!node.isLarge) return node.value;
    const value = Buffer.alloc(node.size);
    readSync(this.#file, value, 0, node.size, node.overflowStart);
    return value;
  }

  #checkFree(list: Buffer): void {
    for (const { first, count } of freeRuns(list, this.#meta.lastPage))
      for (let page = first; page < first + count; page += 1) {
        if (this.#seen[page] !== 0) throw changedFreeList();
        this.#seen[page] = 2;
      }
  }

  /** A page that is used once, in the file, and was not written after the last commit. */
  #inUse(number: number): LmdbPage {
    this.#mark(number);
    const page = this.#page(number);
    if (!page.hasItsNumber || page.transaction > this.#meta.transaction) throw page.changed();
    return page;
  }

  #mark(number: number): void {
    if (number >= this.#pages) throw new DamagedPages(`page ${number} is missing, so it was cut short`);
    if (!(number >= metaPages) || number > this.#meta.lastPage || this.#seen[number] !== 0)
      throw new DamagedPages(`page ${number} is used where it cannot be`);
    this.#seen[number] = 1;
  }

  #page(number: number): LmdbPage {
    const page = Buffer.allocUnsafe(pageBytes);
    if (readSync(this.#file, page, 0, pageBytes, number * pageBytes) !== pageBytes)
      throw new DamagedPages(`page ${number} cannot be read`);
    this.#read += 1;
    return new LmdbPage(number, page);
  }
}
