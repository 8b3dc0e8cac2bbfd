import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exactIndexKind } from '../../src/ann/exact-index.ts';
import { usearchIndexKind } from '../../src/ann/usearch-index.ts';
import { sampleDimensions, sampleVector, scatteredVector } from '../../src/records/sample-records.ts';

const kinds = [exactIndexKind, usearchIndexKind()];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moe-ann-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const query = (vector: Int8Array): Float32Array => {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => value / length);
};
const cosine = (a: Int8Array, b: Int8Array): number => {
  let product = 0;
  for (let axis = 0; axis < a.length; axis += 1) product += a[axis]! * b[axis]!;
  return product / (Math.hypot(...a) * Math.hypot(...b));
};

describe.each(kinds)('$name', (kind) => {
  const filled = (count: number) => {
    const index = kind.create(sampleDimensions);
    for (let key = 0; key < count; key += 1) index.add(key, scatteredVector(key));
    return index;
  };

  it('is empty at first', () => {
    const index = kind.create(sampleDimensions);
    expect(index.size).toBe(0);
    expect(index.search(query(scatteredVector(1)), 5)).toEqual([]);
    expect(index.remove(1)).toBe(false);
  });

  it('finds a vector that it holds, first, and never more than it has or was asked for', () => {
    const index = filled(200);
    for (let key = 0; key < 200; key += 17)
      expect(index.search(query(scatteredVector(key)), 10)[0]).toBe(key);
    expect(index.search(query(scatteredVector(0)), 10)).toHaveLength(10);
    expect(new Set(filled(3).search(query(scatteredVector(9)), 10))).toEqual(new Set([0, 1, 2]));
  });

  it('finds nearly all of the ten nearest of 1,000 with 64 candidates, most of them first', () => {
    const index = filled(1_000);
    let found = 0;
    let first = 0;
    for (let asked = 0; asked < 50; asked += 1) {
      const vector = scatteredVector(10_000 + asked);
      const nearest = Array.from({ length: 1_000 }, (_, key) => ({
        key,
        near: cosine(vector, scatteredVector(key)),
      }))
        .sort((a, b) => b.near - a.near)
        .slice(0, 10);
      const candidates = index.search(query(vector), 64);
      found += nearest.filter(({ key }) => candidates.includes(key)).length;
      first += nearest.filter(({ key }) => candidates.slice(0, 10).includes(key)).length;
    }
    expect(found).toBeGreaterThan(475);
    // The way of the usearch library to int8, which cuts off, gets 487.
    expect(first).toBeGreaterThan(492);
  });

  it('does not find what was removed, and finds what replaced it', () => {
    const index = filled(300);
    expect(index.remove(7)).toBe(true);
    expect(index.remove(7)).toBe(false);
    expect(index.size).toBe(299);
    expect(index.search(query(scatteredVector(7)), 299)).not.toContain(7);
    index.add(9, scatteredVector(7));
    expect(index.size).toBe(299);
    expect(index.search(query(scatteredVector(7)), 1)).toEqual([9]);
    index.add(2 ** 40, sampleVector([1]));
    expect(index.search(query(sampleVector([1])), 1)).toEqual([2 ** 40]);
  });

  it('keeps in step with any series of adds and removals', () => {
    const step = fc.record({ key: fc.nat(20), isAdd: fc.boolean(), vector: fc.nat(1_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const index = kind.create(sampleDimensions);
        const model = new Map<number, number>();
        for (const { key, isAdd, vector } of steps) {
          if (isAdd) index.add(key, scatteredVector(vector));
          else expect(index.remove(key)).toBe(model.has(key));
          if (isAdd) model.set(key, vector);
          else model.delete(key);
        }
        expect(index.size).toBe(model.size);
        for (const key of index.search(query(scatteredVector(0)), 30)) expect(model.has(key)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('answers the same from its file, to which more can be added', () => {
    const index = filled(400);
    index.remove(11);
    const path = join(directory, 'saved');
    index.save(path);
    const opened = kind.open(path, sampleDimensions);
    expect(opened.size).toBe(399);
    for (let asked = 0; asked < 20; asked += 1) {
      const vector = query(scatteredVector(5_000 + asked));
      expect(opened.search(vector, 20)).toEqual(index.search(vector, 20));
    }
    opened.add(400, sampleVector([1, 1]));
    expect(opened.search(query(sampleVector([1, 1])), 1)).toEqual([400]);
    expect(opened.remove(400)).toBe(true);
  });

  it('is the same bytes for the same calls', () => {
    for (const name of ['one', 'two']) {
      const index = filled(500);
      for (let key = 0; key < 50; key += 3) index.remove(key);
      for (let key = 500; key < 530; key += 1) index.add(key, scatteredVector(key));
      index.save(join(directory, name));
    }
    expect(readFileSync(join(directory, 'one')).equals(readFileSync(join(directory, 'two')))).toBe(true);
  });

  it('says so when its file is missing, cut or of another dimension', () => {
    const path = join(directory, 'damaged');
    expect(() => kind.open(path, sampleDimensions)).toThrowError(
      expect.objectContaining({ code: 'history-index-invalid' }),
    );
    filled(50).save(path);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length / 2) + 1));
    expect(() => kind.open(path, sampleDimensions)).toThrowError(
      expect.objectContaining({ code: 'history-index-invalid' }),
    );
    const other = kind.create(sampleDimensions + 3);
    for (let key = 0; key < 5; key += 1) other.add(key, new Int8Array(sampleDimensions + 3).fill(key + 1));
    other.save(path);
    expect(() => kind.open(path, sampleDimensions)).toThrowError(
      expect.objectContaining({ code: 'history-index-invalid' }),
    );
  });

  it('says how much memory it holds', () => {
    const bytes = filled(100).memoryBytes;
    expect(bytes).toBeGreaterThanOrEqual(100 * sampleDimensions);
    expect(filled(200).memoryBytes).toBeGreaterThan(bytes);
  });
});
