import { metaPages } from './lmdb-page.ts';
import { DamagedPages, type PageRun } from './page-node.ts';

export const changedFreeList = (): DamagedPages => new DamagedPages('the list of its free pages has changed');

/**
 * The pages that a list of free ones names: it has its length, then numbers of pages; a negative one says how many pages the
 * next one stands for. All lie from `metaPages` to `lastPage`.
 */
export function* freeRuns(list: Buffer, lastPage: number): Generator<PageRun> {
  const length = list.length / 8 - 1;
  if (!Number.isInteger(length) || length < 0 || list.readBigUInt64LE(0) > BigInt(length))
    throw changedFreeList();
  const used = Number(list.readBigUInt64LE(0));
  for (let index = 1, count = 1n; index <= used; index += 1) {
    const value = list.readBigInt64LE(8 * index);
    if (value <= 0n) {
      count = value === 0n ? 1n : -value;
      continue;
    }
    if (value < metaPages || value + count > BigInt(lastPage + 1)) throw changedFreeList();
    yield { first: Number(value), count: Number(count) };
    count = 1n;
  }
}

/** The order of a table's keys; those of the list of free pages are numbers. */
export function compareKeys(a: Buffer, b: Buffer, isInteger: boolean): number {
  if (!isInteger) return Buffer.compare(a, b);
  if (a.length !== 8 || b.length !== 8) throw changedFreeList();
  const [left, right] = [a.readBigUInt64LE(0), b.readBigUInt64LE(0)];
  return left < right ? -1 : left > right ? 1 : 0;
}
