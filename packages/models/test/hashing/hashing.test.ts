import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  hashedSubwordBackend,
  readHashedSubwordWeights,
  writeHashedSubwordWeights,
} from '../../src/hashing/hashed-subword-backend.ts';
import { lexicalBackend } from '../../src/hashing/lexical-backend.ts';
import { featureBuckets, subwordFeatures } from '../../src/hashing/subword-features.ts';
import { dot } from '../../src/unit-vector.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-hashing-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('subwordFeatures', () => {
  it('stays within the buckets and the bound for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 600 }), fc.boolean(), (text, splits) => {
        const features = subwordFeatures(text, splits);
        expect(features.length).toBeLessThanOrEqual(400);
        expect(features.every((feature) => feature >= 0 && feature < featureBuckets)).toBe(true);
      }),
    );
  });

  it('counts the word and its n-grams, or characters and pairs where words have no spaces', () => {
    // <cat>: the word; <ca cat at>; <cat cat>; <cat>.
    expect(subwordFeatures('cat', false)).toHaveLength(1 + 3 + 2 + 1);
    expect(subwordFeatures('日本', false)).toHaveLength(1 + 2 + 1);
    expect(subwordFeatures('fooBar_baz', true)).toEqual(subwordFeatures('foo bar baz', false));
  });
});

describe('the lexical expert', () => {
  it('tolerates typos and sees other words as different', async () => {
    const [text, typo, other] = (await lexicalBackend().embed([
      'The harbour master counted every boat before nightfall.',
      'The harbuor master counted evry boat before nightfal.',
      'Quarterly revenue exceeded what analysts had predicted.',
    ])) as [Float32Array, Float32Array, Float32Array];
    expect(dot(text, typo)).toBeGreaterThan(0.7);
    expect(dot(text, other)).toBeLessThan(0.3);
    expect(dot(text, text)).toBeCloseTo(1, 5);
  });
});

describe('a hashed-subword expert', () => {
  it('computes normalise(Pᵀ · Σ scale · row) from its file', async () => {
    const path = join(folder, 'weights.bin');
    const [feature] = subwordFeatures('a', false);
    const table = new Int8Array(featureBuckets * 2);
    table.set([3, 4], feature! * 2);
    writeHashedSubwordWeights(path, {
      hidden: 2,
      dimensions: 3,
      splitsIdentifiers: false,
      scales: new Float32Array(featureBuckets).fill(0.5),
      table,
      projection: Float32Array.of(1, 0, 0, 0, 1, 0),
    });
    const backend = hashedSubwordBackend('h', readHashedSubwordWeights(path));
    // "<a>" is a word and a 3-gram of its own, whose row is zero.
    const [vector] = (await backend.embed(['a'])) as [Float32Array];
    expect(backend.dimensions).toBe(3);
    expect([...vector].map((value) => Number(value.toFixed(6)))).toEqual([0.6, 0.8, 0]);
  });
});
