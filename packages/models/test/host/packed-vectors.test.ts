import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packVectors, unpackVectors } from '../../src/host/packed-vectors.ts';

const backend = { name: 'x', dimensions: 3 };

describe('packed vectors', () => {
  it('survive packing and unpacking', () => {
    const vector = fc.float32Array({
      minLength: 3,
      maxLength: 3,
      noNaN: true,
      noDefaultInfinity: true,
    });
    fc.assert(
      fc.property(fc.array(vector, { maxLength: 9 }), (vectors) => {
        expect(unpackVectors(packVectors(backend, vectors.length, vectors), 3)).toEqual(vectors);
      }),
    );
  });

  it('are refused when a model breaks its promise', () => {
    const good = Float32Array.of(1, 2, 3);
    for (const [count, vectors] of [
      [2, [good]],
      [1, [Float32Array.of(1, 2)]],
      [1, [Float32Array.of(1, Number.NaN, 3)]],
      [1, [Float32Array.of(1, Number.POSITIVE_INFINITY, 3)]],
    ] as const)
      expect(() => packVectors(backend, count, vectors)).toThrow(
        expect.objectContaining({ code: 'backend-invalid-output' }),
      );
  });
});
