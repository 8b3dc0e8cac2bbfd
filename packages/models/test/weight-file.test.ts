import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readWeightFile, tensorOf, writeWeightFile } from '../src/weight-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-weights-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const metadata = z.object({ note: z.string() });

describe('weight files', () => {
  it('give back what was written, and leave nothing else behind', () => {
    const path = join(folder, 'deep', 'a.bin');
    const tensors = {
      odd: Int8Array.of(-1, 2, 3),
      floats: Float32Array.of(0.5, -2),
      shorts: Int16Array.of(-30_000),
    };
    writeWeightFile(path, { kind: 'test', metadata: { note: 'héllo' }, tensors });
    expect(readWeightFile(path, 'test', metadata)).toEqual({
      kind: 'test',
      metadata: { note: 'héllo' },
      tensors,
    });
    expect(readdirSync(join(folder, 'deep'))).toEqual(['a.bin']);
  });

  it('are refused when a byte is changed or the end is missing', () => {
    const path = join(folder, 'b.bin');
    writeWeightFile(path, {
      kind: 'test',
      metadata: { note: 'x' },
      tensors: { floats: Float32Array.of(1, 2, 3) },
    });
    const bytes = readFileSync(path);
    const damagedPath = join(folder, 'damaged.bin');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const damaged = Buffer.from(bytes);
        damaged[place] = damaged[place]! ^ change;
        for (const wrong of [damaged, bytes.subarray(0, place)]) {
          writeFileSync(damagedPath, wrong);
          expect(() => readWeightFile(damagedPath, 'test', metadata)).toThrow(
            expect.objectContaining({ code: 'weights-corrupt' }),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are refused when they are of another kind, or missing', () => {
    const path = join(folder, 'c.bin');
    writeWeightFile(path, { kind: 'other', metadata: { note: 'x' }, tensors: {} });
    expect(() => readWeightFile(path, 'test', metadata)).toThrow(/"other" where "test" is needed/);
    expect(() => readWeightFile(join(folder, 'none.bin'), 'test', metadata)).toThrow(
      expect.objectContaining({ code: 'weights-missing' }),
    );
  });

  it('give tensors of the asked type and length only', () => {
    const file = { kind: 'test', metadata: {}, tensors: { m: Float32Array.of(1, 2) } };
    expect(tensorOf(file, 'm', 'float32', 2)).toEqual(Float32Array.of(1, 2));
    for (const [name, type, length] of [
      ['m', 'float32', 3],
      ['m', 'int8', 2],
      ['n', 'float32', 2],
    ] as const)
      expect(() => tensorOf(file, name, type, length)).toThrow(
        expect.objectContaining({ code: 'weights-corrupt' }),
      );
  });
});
