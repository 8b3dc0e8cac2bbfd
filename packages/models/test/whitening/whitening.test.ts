import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referenceBackend } from '../../src/reference/reference-backend.ts';
import { dot } from '../../src/unit-vector.ts';
import { fitCentring, fitWhitening } from '../../src/whitening/fit-whitening.ts';
import { whitenedBackend } from '../../src/whitening/whitened-backend.ts';
import { whitened } from '../../src/whitening/whitening.ts';
import { readWhitening, writeWhitening } from '../../src/whitening/whitening-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-whitening-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Vectors of three numbers around (5, 0, 0), of standard deviations 0, 4 and 1 along the axes. */
const vectors = Array.from({ length: 400 }, (_, index) =>
  Float32Array.of(5, 4 * Math.SQRT2 * Math.sin(index), Math.SQRT2 * Math.sin(index * 1.7 + 1)),
);

function deviations(of: readonly Float32Array[]): number[] {
  return [...of[0]!.keys()].map((axis) =>
    Math.sqrt(of.reduce((sum, vector) => sum + vector[axis]! ** 2, 0) / of.length),
  );
}

describe('whitening', () => {
  it('takes off the mean, and of the spread as much as its power says', () => {
    const centring = fitCentring(vectors);
    expect(centring.mean[0]).toBeCloseTo(5, 4);
    const image = (power: number) => {
      const { mean, rows } = fitWhitening(vectors, { outputDimensions: 2, power, floor: 0 });
      return vectors.map((vector) => {
        const centred = vector.map((value, axis) => value - mean[axis]!);
        return Float32Array.of(dot(rows!.subarray(0, 3), centred), dot(rows!.subarray(3, 6), centred));
      });
    };
    for (const [power, ratio] of [
      [0, 4],
      [0.25, 2],
      [0.5, 1],
    ] as const) {
      const [first, second] = deviations(image(power)) as [number, number];
      expect(first / second).toBeCloseTo(ratio, 0);
    }
  });

  it('gives unit vectors, and zero for the mean', () => {
    const whitening = fitWhitening(vectors, { outputDimensions: 2, power: 0.25, floor: 1e-4 });
    const vector = whitened(whitening, vectors[7]!);
    expect(dot(vector, vector)).toBeCloseTo(1, 5);
    expect([...whitened(fitCentring(vectors), fitCentring(vectors).mean)]).toEqual([0, 0, 0]);
  });

  it('is written and read within a byte a number; centring alone exactly', () => {
    const path = join(folder, 'w.bin');
    const whitening = fitWhitening(vectors, { outputDimensions: 2, power: 0.25, floor: 1e-4 });
    writeWhitening(path, whitening);
    for (const vector of vectors)
      expect(dot(whitened(readWhitening(path), vector), whitened(whitening, vector))).toBeGreaterThan(0.999);
    writeWhitening(path, fitCentring(vectors));
    expect(readWhitening(path)).toEqual(fitCentring(vectors));
  });

  it('is refused for vectors of another length', () => {
    expect(() => whitenedBackend('w', referenceBackend('bag-of-words'), fitCentring(vectors))).toThrowError(
      expect.objectContaining({ code: 'weights-invalid' }),
    );
  });
});
