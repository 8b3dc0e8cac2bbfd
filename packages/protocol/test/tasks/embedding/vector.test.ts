import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dot,
  dotSum,
  float32Bytes,
  float32FromBytes,
  int16Bytes,
  int16FromBytes,
  int16Scale,
  isQuantisedUnit,
  quantise,
} from '../../../src/tasks/embedding/vector.ts';

const unitVector = (values: readonly number[]): Float32Array => {
  const length = Math.hypot(...values) || 1;
  return Float32Array.from(values, (value) => value / length);
};
const units = fc
  .array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1, maxLength: 50 })
  .map(unitVector);

describe('quantisation', () => {
  it('keeps every component of a unit vector within half a step, and the result within bounds', () => {
    fc.assert(
      fc.property(units, (vector) => {
        const quantised = quantise(vector);
        expect(isQuantisedUnit(quantised)).toBe(true);
        for (const [axis, value] of vector.entries())
          expect(Math.abs(quantised[axis]! - int16Scale * value)).toBeLessThanOrEqual(0.5 + 1e-3);
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.01, -2, 1e30])(
    'refuses %s',
    (value) => {
      expect(() => quantise(Float32Array.of(0, value))).toThrow(/Component 1/);
    },
  );

  it('takes what rounding makes a little longer than 1', () => {
    expect([...quantise(Float32Array.of(1.0005, -1.0005))]).toEqual([int16Scale, -int16Scale]);
  });

  it('a vector longer than a unit one is told apart', () => {
    expect(isQuantisedUnit(Int16Array.of(int16Scale, int16Scale))).toBe(false);
    expect(isQuantisedUnit(new Int16Array(384).fill(-32_768))).toBe(false);
    expect(isQuantisedUnit(new Int16Array(384))).toBe(true);
  });
});

describe('bytes', () => {
  it('go there and back, from any alignment and out of a shared buffer', () => {
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 40 }), fc.nat(7), (vector, offset) => {
        const shared = Buffer.alloc(offset + vector.byteLength + 8, 0xee);
        shared.set(int16Bytes(vector), offset);
        expect(int16FromBytes(shared.subarray(offset, offset + vector.byteLength))).toEqual(vector);
      }),
    );
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 40 }), fc.nat(7), (vector, offset) => {
        const shared = Buffer.alloc(offset + vector.byteLength + 8, 0xee);
        shared.set(float32Bytes(vector), offset);
        expect(float32FromBytes(shared.subarray(offset, offset + vector.byteLength))).toEqual(vector);
      }),
    );
  });

  it('are little-endian', () => {
    expect([...int16Bytes(Int16Array.of(258, -2))]).toEqual([2, 1, 254, 255]);
  });
});

describe('sums', () => {
  it('dot products are exact', () => {
    fc.assert(
      fc.property(units, (vector) => {
        const quantised = quantise(vector);
        const exact = quantised.reduce((sum, value) => sum + BigInt(value) * BigInt(value), 0n);
        expect(BigInt(dot(quantised, quantised))).toBe(exact);
        expect(
          BigInt(
            dotSum(
              quantised,
              Int32Array.from(quantised, (value) => 65_536 * value),
            ),
          ),
        ).toBe(65_536n * exact);
      }),
    );
  });
});
