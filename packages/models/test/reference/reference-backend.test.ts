import { describe, expect, it } from 'vitest';
import { referenceBackend, referenceEncoders } from '../../src/reference/reference-backend.ts';
import { dot } from '../../src/unit-vector.ts';

const texts = ['one two three', 'three two one', 'four five six', ''];
const cosines = async (encoder: (typeof referenceEncoders)[number]) => {
  const [first, permuted, other] = (await referenceBackend(encoder).embed(texts)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return { permuted: dot(first, permuted), other: dot(first, other) };
};

describe('reference encoders', () => {
  it('give one vector of 384 finite numbers per text, the same every time', async () => {
    for (const encoder of referenceEncoders) {
      const backend = referenceBackend(encoder);
      const vectors = await backend.embed(texts);
      expect(vectors).toHaveLength(texts.length);
      expect(vectors.every((vector) => vector.length === 384 && vector.every(Number.isFinite))).toBe(true);
      expect(await backend.embed(texts)).toEqual(vectors);
    }
  });

  it('are what their names say', async () => {
    const bag = await cosines('bag-of-words');
    expect(bag.permuted).toBeCloseTo(1, 6);
    expect(Math.abs(bag.other)).toBeLessThan(0.5);
    const grams = await cosines('char-4-grams');
    expect(grams.permuted).toBeGreaterThan(grams.other);
    expect(grams.permuted).toBeLessThan(0.99);
    const random = await cosines('random');
    expect(Math.abs(random.permuted)).toBeLessThan(0.3);
    expect((await cosines('constant')).other).toBeCloseTo(1, 6);
    expect((await cosines('zero')).other).toBe(0);
  });
});
