import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawStream, nearestPlace, parsePlaces, serialisePlaces } from '@market-of-experts/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitPlaces, openPlaces } from '../src/places.ts';

const dimension = 6;

function unit(values: readonly number[]): Int16Array {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
  return Int16Array.from(values, (value) => Math.round((value / length) * 32_767));
}

function vectorsOf(seed: string, count: number): Int16Array[] {
  const stream = drawStream(seed, 'test');
  return Array.from({ length: count }, () =>
    unit(Array.from({ length: dimension }, () => stream.below(2001) - 1000)),
  );
}

describe('places', () => {
  it('are the same bits for the same vectors, and others for others', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 2, max: 8 }), (seed, count) => {
        const vectors = vectorsOf(seed, 60);
        const fitted = fitPlaces(vectors, count);
        expect(fitPlaces(vectors, count)).toEqual(fitted);
        expect(fitPlaces(vectorsOf(`${seed}!`, 60), count).hash).not.toBe(fitted.hash);
      }),
      { numRuns: 20 },
    );
  });

  it('keep their known hash, so that a change of the arithmetic is noticed', () => {
    expect(fitPlaces(vectorsOf('known', 100), 8).hash).toMatchInlineSnapshot(
      `"c06f61e7cd6fd46fcff1a67e5db4d4f7c6fc82f755eeba1835578133c7474a30"`,
    );
  });

  it('separate what is clearly separate', () => {
    const axes = [0, 1, 2].flatMap((axis) =>
      Array.from({ length: 20 }, (_, index) =>
        unit(Array.from({ length: dimension }, (_, at) => (at === axis ? 100 : index % 3))),
      ),
    );
    const places = fitPlaces(axes, 3);
    const cells = [0, 20, 40].map(
      (start) => new Set(axes.slice(start, start + 20).map((vector) => nearestPlace(places, vector))),
    );
    expect(cells.map((cell) => cell.size)).toEqual([1, 1, 1]);
    expect(new Set(cells.flatMap((cell) => [...cell])).size).toBe(3);
  });

  it('leave no cell without a vector of its own, even with repeated vectors', () => {
    const vectors = [...Array.from({ length: 30 }, () => unit([1, 0, 0, 0, 0, 0])), ...vectorsOf('rest', 10)];
    const places = fitPlaces(vectors, 5);
    expect(new Set(vectors.map((vector) => nearestPlace(places, vector))).size).toBeGreaterThanOrEqual(4);
  });

  it('need as many vectors as cells', () => {
    expect(() => fitPlaces(vectorsOf('few', 3), 4)).toThrowError(/at least as many/);
  });

  it('survive writing and reading, and damage is found', () => {
    const places = fitPlaces(vectorsOf('file', 40), 4);
    const text = serialisePlaces(places);
    expect(parsePlaces(text)).toEqual(places);
    const damaged = JSON.parse(text) as { centroids: string };
    damaged.centroids = `${damaged.centroids.startsWith('A') ? 'B' : 'A'}${damaged.centroids.slice(1)}`;
    expect(() => parsePlaces(JSON.stringify(damaged))).toThrowError(/hash is wrong/);
    expect(() => parsePlaces('{}')).toThrowError(/cannot be used/);
  });

  it('are fitted once and stay', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'moe-places-'));
    try {
      const first = await openPlaces(directory, async () => fitPlaces(vectorsOf('first', 40), 4));
      const again = await openPlaces(directory, async () => fitPlaces(vectorsOf('second', 40), 4));
      expect(again).toEqual(first);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
