import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionBackend } from '../../src/function-backend.ts';
import { readAdapterWeights, writeAdapterWeights } from '../../src/residual/adapter-weights.ts';
import { applyResidual, residualBackend } from '../../src/residual/residual-backend.ts';
import { dot, normalise } from '../../src/unit-vector.ts';

const size = 6;
const unitVector = fc
  .float32Array({ minLength: size, maxLength: size, min: -1, max: 1, noNaN: true })
  .map((vector) => normalise(vector.map((value) => Math.fround(value + 0.001))));
const matrix = fc.float32Array({
  minLength: size * size,
  maxLength: size * size,
  min: -1,
  max: 1,
  noNaN: true,
});

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-adapter-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('applyResidual', () => {
  it('with W = 0 is the identity on unit vectors', () => {
    fc.assert(
      fc.property(unitVector, (vector) => {
        const mapped = applyResidual(vector, new Float32Array(size * size));
        for (const [axis, value] of mapped.entries()) expect(value).toBeCloseTo(vector[axis]!, 6);
      }),
    );
  });

  it('gives unit vectors, leaves its input alone, and is x + W·x up to length', () => {
    fc.assert(
      fc.property(unitVector, matrix, (vector, weights) => {
        const before = vector.slice();
        const mapped = applyResidual(vector, weights);
        expect(vector).toEqual(before);
        const sum = Float32Array.from({ length: size }, (_, row) =>
          vector.reduce(
            (total, value, column) => total + weights[row * size + column]! * value,
            vector[row]!,
          ),
        );
        fc.pre(dot(sum, sum) > 1e-3);
        expect(dot(mapped, mapped)).toBeCloseTo(1, 5);
        expect(dot(mapped, normalise(sum))).toBeCloseTo(1, 5);
      }),
    );
  });
});

describe('a specialist', () => {
  const base = functionBackend('base', 2, (text) => normalise(Float32Array.of(text.length, 1)));

  it('maps the vectors of its base', async () => {
    // A quarter turn less the identity: x + W·x turns (x, y) into (-y, x).
    const backend = residualBackend('turned', base, {
      dimensions: 2,
      matrix: Float32Array.of(-1, -1, 1, -1),
    });
    const [[x, y]] = (await base.embed(['abc'])) as [Float32Array];
    const [[turnedX, turnedY]] = (await backend.embed(['abc'])) as [Float32Array];
    expect([turnedX, turnedY]).toEqual([-y!, x]);
  });

  it('is refused when its weights are for another length', () => {
    expect(() => residualBackend('x', base, { dimensions: 3, matrix: new Float32Array(9) })).toThrow(
      expect.objectContaining({ code: 'weights-invalid' }),
    );
  });
});

describe('adapter weights', () => {
  it('survive the file, with their notes', () => {
    const path = join(folder, 'a.bin');
    const weights = {
      dimensions: 2,
      matrix: Float32Array.of(1, 2, 3, 4),
      notes: { domain: 'de', steps: 500 },
    };
    writeAdapterWeights(path, weights);
    expect(readAdapterWeights(path)).toEqual(weights);
  });

  it('are refused when they are cut short, before or after writing', () => {
    const path = join(folder, 'b.bin');
    expect(() => writeAdapterWeights(path, { dimensions: 2, matrix: new Float32Array(3) })).toThrow(
      expect.objectContaining({ code: 'weights-invalid' }),
    );
    expect(() => writeAdapterWeights(path, { dimensions: 1, matrix: Float32Array.of(Number.NaN) })).toThrow(
      expect.objectContaining({ code: 'weights-invalid' }),
    );
    writeAdapterWeights(path, { dimensions: 2, matrix: new Float32Array(4) });
    truncateSync(path, 60);
    expect(() => readAdapterWeights(path)).toThrow(expect.objectContaining({ code: 'weights-corrupt' }));
  });
});
