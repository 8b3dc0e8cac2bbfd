import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { encodeOnce } from './vector-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'moe-vectors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('encodes each text once, over runs and after a torn write', async () => {
  const file = join(folder, 'vectors.f32');
  const seen: string[] = [];
  const encode = (texts: readonly string[]) =>
    encodeOnce({
      file,
      dimensions: 2,
      texts,
      embed: async (batch) => {
        seen.push(...batch);
        return batch.map((text) => Float32Array.of(text.length, 1));
      },
      onProgress: () => undefined,
    });
  expect(await encode(['aaa', 'b', 'aaa'])).toEqual([
    Float32Array.of(3, 1),
    Float32Array.of(1, 1),
    Float32Array.of(3, 1),
  ]);
  appendFileSync(file, new Uint8Array(7));
  expect(await encode(['cc', 'b'])).toEqual([Float32Array.of(2, 1), Float32Array.of(1, 1)]);
  expect(await encode(['cc', 'aaa'])).toEqual([Float32Array.of(2, 1), Float32Array.of(3, 1)]);
  expect(seen.sort()).toEqual(['aaa', 'b', 'cc']);
});
