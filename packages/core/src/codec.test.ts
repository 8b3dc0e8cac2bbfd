import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decode, encode, fromHex, hashBytes, hashOf, sha256, toHex } from './codec.ts';
import { bytesSchema } from './ids.ts';

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe('canonical encoding', () => {
  it('gives one form per value, whatever the order of its fields', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encode(value);
        const again = encode(decode(bytes, z.unknown()));
        expect(Buffer.compare(bytes, again)).toBe(0);
      }),
    );
    expect(hashOf('d', { a: 1, b: 2 })).toBe(hashOf('d', { b: 2, a: 1 }));
  });

  it('gives integers one form, as numbers and as big integers', () => {
    expect(toHex(encode(5n))).toBe(toHex(encode(5)));
    expect(decode(encode(2n ** 63n), z.bigint())).toBe(2n ** 63n);
  });

  it.each([
    ['undefined', undefined],
    ['undefined in a field', { a: undefined }],
    ['undefined in a list', [1, undefined]],
    ['NaN', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['a function', { f: () => 1 }],
    ['an integer beyond 64 bits', 2n ** 64n],
  ])('refuses %s', (_, value) => {
    expect(() => encode(value)).toThrow();
  });

  it('refuses what is too long, malformed, cut short or of another form, with the place', () => {
    const schema = z.object({ name: z.string(), data: bytesSchema(4) });
    const good = encode({ name: 'x', data: new Uint8Array(4) });
    expect(decode(good, schema).data.length).toBe(4);
    expect(() => decode(good, schema, 5)).toThrow(/at most 5/);
    expect(() => decode(good.subarray(0, good.length - 1), schema)).toThrow(/not DAG-CBOR/);
    expect(() => decode(new Uint8Array([...good, 0]), schema)).toThrow(/not DAG-CBOR/);
    expect(() => decode(new Uint8Array([0xff]), schema)).toThrow(/not DAG-CBOR/);
    expect(() => decode(encode({ name: 'x', data: new Uint8Array(5) }), schema)).toThrow(/data: .*4 bytes/);
    expect(() => decode(encode({ name: 1, data: new Uint8Array(1) }), schema)).toThrow(/name/);
  });

  it('answers bytes that a stranger made with an error of its own, never another', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(bytes, z.object({ never: z.string() }));
        } catch (error) {
          expect(error).toMatchObject({ name: 'MoeError', code: 'invalid-encoding' });
        }
      }),
      { numRuns: 300 },
    );
    const nested = new Uint8Array(100_000).fill(0x81);
    expect(() => decode(nested, z.unknown())).toThrow(/not DAG-CBOR/);
  });
});

describe('hashes', () => {
  it('are SHA-256 (FIPS 180-2, "abc"), over parts as over the whole', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(hashBytes(Buffer.from('abc'))).toBe(abc);
    expect(toHex(sha256(Buffer.from('a'), Buffer.from('bc')))).toBe(abc);
  });

  it('mean nothing in another domain', () => {
    expect(hashOf('a', 1)).not.toBe(hashOf('b', 1));
  });

  it('hex goes there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
    );
  });
});
