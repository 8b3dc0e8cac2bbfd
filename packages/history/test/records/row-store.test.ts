import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RowStore, rowsPerBlock } from '../../src/records/row-store.ts';

const rowBytes = 8;
const rows = 2 * rowsPerBlock + 10;
let directory: string;
const open = (): RowStore => new RowStore({ rowBytes, directory });
const rowOf = (number: number): Uint8Array => new Uint8Array(Float64Array.of(number).buffer);
const valueAt = (store: RowStore, number: number): number => {
  const [{ bytes }, start] = store.place(number);
  return new Float64Array(bytes.slice(start, start + rowBytes).buffer)[0]!;
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moe-rows-'));
  const store = open();
  for (let row = 0; row < rows; row += 1) store.append(rowOf(row));
  store.close();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('rows on the disk', () => {
  it('are there at once, and in memory soon', async () => {
    const store = open();
    expect([store.first, store.end]).toEqual([0, rows]);
    expect(valueAt(store, 5)).toBe(5);
    // Alone in its bytes: read for itself.
    expect(store.place(5)[1]).toBe(0);
    expect(valueAt(store, rows - 1)).toBe(rows - 1);
    await vi.waitFor(() => expect(store.place(5)[1]).toBe(5 * rowBytes));
    expect(valueAt(store, 5)).toBe(5);
    store.close();
  });

  it('are in memory as soon as someone goes through them', () => {
    const store = open();
    store.hold(7);
    expect(store.place(5)[1]).toBe(5 * rowBytes);
    expect(valueAt(store, rowsPerBlock + 5)).toBe(rowsPerBlock + 5);
    store.close();
  });

  it('are appended to, cut and dropped before they were read', () => {
    const store = open();
    expect(store.append(rowOf(-1))).toBe(rows);
    store.cut(rowsPerBlock + 3);
    expect(store.append(rowOf(-2))).toBe(rowsPerBlock + 3);
    store.dropBefore(rowsPerBlock);
    expect([store.first, store.end]).toEqual([rowsPerBlock, rowsPerBlock + 4]);
    store.close();
    const again = open();
    expect([again.first, again.end]).toEqual([rowsPerBlock, rowsPerBlock + 4]);
    expect(valueAt(again, rowsPerBlock + 2)).toBe(rowsPerBlock + 2);
    expect(valueAt(again, rowsPerBlock + 3)).toBe(-2);
    again.close();
  });

  it('are refused when one of the first files is incomplete', () => {
    truncateSync(join(directory, '00000000.rows'), rowBytes * 100);
    expect(open).toThrowError(expect.objectContaining({ code: 'history-corrupt' }));
  });
});
