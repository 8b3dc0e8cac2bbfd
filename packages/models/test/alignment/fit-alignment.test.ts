import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alignedBackend } from '../../src/alignment/aligned-backend.ts';
import { applyAlignment } from '../../src/alignment/alignment.ts';
import { readAlignment, writeAlignment } from '../../src/alignment/alignment-file.ts';
import { fitAlignment } from '../../src/alignment/fit-alignment.ts';
import { functionBackend } from '../../src/function-backend.ts';
import { referenceBackend } from '../../src/reference/reference-backend.ts';
import { dot, normalise } from '../../src/unit-vector.ts';

const size = 24;
const texts = Array.from({ length: 400 }, (_, index) => `text ${index}`);
let vectors: Float32Array[] = [];
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moe-alignment-'));
  vectors = (await referenceBackend('random').embed(texts)).map((vector) => normalise(vector.slice(0, size)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A rotation: the first `size` vectors made orthonormal (Gram–Schmidt). */
function rotation(): Float32Array[] {
  const rows: Float32Array[] = [];
  for (const vector of vectors.slice(0, size)) {
    const row = vector.slice();
    for (const other of rows) {
      const overlap = dot(row, other);
      for (let axis = 0; axis < size; axis++) row[axis] = row[axis]! - overlap * other[axis]!;
    }
    rows.push(normalise(row));
  }
  return rows;
}

describe('fitAlignment', () => {
  it('recovers a rotation from noisy pairs', () => {
    const rows = rotation();
    const targets = vectors.map((vector) => Float32Array.from(rows, (row) => dot(row, vector)));
    const native = vectors.map((vector, index) =>
      vector.map((value, axis) => 3 * (value + 0.02 * vectors[(index + 7) % 400]![axis]!)),
    );
    const alignment = fitAlignment(native, targets);
    expect(alignment.heldOutCosine).toBeGreaterThan(0.99);
    // Vectors that the fit never saw.
    for (const unseen of rotation()) {
      const expected = Float32Array.from(rows, (row) => dot(row, unseen));
      expect(dot(applyAlignment(alignment, unseen), expected)).toBeGreaterThan(0.99);
    }
  });

  it('maps into a space of another length', () => {
    const targets = vectors.map((vector) => normalise(vector.slice(0, 5)));
    const alignment = fitAlignment(vectors, targets);
    expect(alignment.outputDimensions).toBe(5);
    expect(applyAlignment(alignment, vectors[0]!)).toHaveLength(5);
  });

  it('refuses vectors that say nothing about the market, and gives the measured figure', async () => {
    const unrelated = (await referenceBackend('random').embed(texts.map((text) => `${text}!`))).map(
      (vector) => vector.slice(0, size),
    );
    try {
      fitAlignment(unrelated, vectors);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'alignment-too-weak', metadata: { floor: 0.3 } });
      expect((error as { metadata: { heldOutCosine: number } }).metadata.heldOutCosine).toBeLessThan(0.2);
    }
  });

  it('holds groups out together', () => {
    // Each target is the same noise for both members of a group: only a leak between folds could predict it.
    const groups = vectors.map((_, index) => Math.floor(index / 2));
    const native = vectors.map((_, index) => vectors[groups[index]!]!);
    const targets = vectors.map((_, index) => vectors[groups[index]! + 200]!);
    const cosineOf = (options: object) =>
      fitAlignment(native, targets, { floor: -1, ...options }).heldOutCosine;
    expect(cosineOf({ groups })).toBeLessThan(cosineOf({}));
  });

  it('refuses shapes that do not fit', () => {
    const few = vectors.slice(0, 3);
    const wrong: readonly (readonly [Float32Array[], Float32Array[]])[] = [
      [vectors, few],
      [few, few],
      [[...vectors.slice(1), new Float32Array(3)], vectors],
      [[...vectors.slice(1), new Float32Array(size).fill(Number.NaN)], vectors],
      [[], []],
    ];
    for (const [native, targets] of wrong)
      expect(() => fitAlignment(native, targets)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });
});

describe('an alignment file', () => {
  it('keeps the map to within rounding, and its quality exactly', () => {
    const path = join(folder, 'a.bin');
    const alignment = fitAlignment(
      vectors,
      vectors.map((vector) => vector.toReversed()),
    );
    writeAlignment(path, alignment);
    const stored = readAlignment(path);
    expect(stored).toMatchObject({
      heldOutCosine: alignment.heldOutCosine,
      lambda: alignment.lambda,
      pairs: 400,
    });
    for (const vector of vectors)
      expect(dot(applyAlignment(alignment, vector), applyAlignment(stored, vector))).toBeGreaterThan(0.999);
  });
});

describe('an aligned backend', () => {
  it('gives unit vectors in the other space and checks the length', async () => {
    const alignment = {
      inputDimensions: 2,
      outputDimensions: 3,
      matrix: Float32Array.of(1, 0, 0, 0, 2, 0),
      heldOutCosine: 1,
      lambda: 1,
      pairs: 4,
    };
    const backend = alignedBackend(
      functionBackend('x', 2, () => Float32Array.of(3, 2)),
      alignment,
    );
    expect(backend.dimensions).toBe(3);
    expect((await backend.embed(['a']))[0]).toEqual(Float32Array.of(0.6, 0.8, 0));
    expect(() =>
      alignedBackend(
        functionBackend('y', 5, () => new Float32Array(5)),
        alignment,
      ),
    ).toThrow(expect.objectContaining({ code: 'weights-invalid' }));
  });
});
