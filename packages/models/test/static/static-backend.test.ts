import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staticBackend } from '../../src/static/static-backend.ts';
import {
  type StaticWeights,
  staticDimensions,
  staticWeights,
  type VocabularyEncoder,
} from '../../src/static/static-weights.ts';
import { dot } from '../../src/unit-vector.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-static-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Entry `id` is the unit vector of axis `id mod 384`. */
const axisEncoder: VocabularyEncoder = async (start, count) => {
  const vectors = new Float32Array(count * staticDimensions);
  for (let place = 0; place < count; place++)
    vectors[place * staticDimensions + ((start + place) % staticDimensions)] = 1;
  return vectors;
};

/** By bytes: twelve million numbers are too many for a deep comparison. */
const areEqual = (left: StaticWeights, right: StaticWeights): boolean =>
  Buffer.from(left.table.buffer).equals(Buffer.from(right.table.buffer)) &&
  Buffer.from(left.scales.buffer).equals(Buffer.from(right.scales.buffer));

describe('the static expert', () => {
  it('is distilled once, and again when its file is damaged', async () => {
    let runs = 0;
    const encoder = async () => {
      runs++;
      return axisEncoder;
    };
    const first = await staticWeights(folder, encoder);
    expect(areEqual(await staticWeights(folder, encoder), first)).toBe(true);
    expect(runs).toBe(1);
    truncateSync(join(folder, 'static.bin'), 1_000);
    expect(areEqual(await staticWeights(folder, encoder), first)).toBe(true);
    expect(runs).toBe(2);
  });

  it('sums the tokens of a text: order does not matter, words do', async () => {
    const backend = staticBackend(await staticWeights(folder, async () => axisEncoder));
    const [forward, backward, other, none] = (await backend.embed([
      'the quick fox',
      'fox quick the',
      'a slow turtle',
      '',
    ])) as [Float32Array, Float32Array, Float32Array, Float32Array];
    expect(dot(forward, backward)).toBeCloseTo(1, 6);
    expect(dot(forward, other)).toBeLessThan(0.5);
    expect(dot(none, none)).toBe(0);
  });
});
