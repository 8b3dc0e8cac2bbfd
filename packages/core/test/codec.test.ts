import * as library from '@ipld/dag-cbor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decode, encode, fromHex, hashBytes, hashOf, sha256, toHex } from '../src/codec.ts';
import { bytesSchema } from '../src/ids.ts';

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

  it('writes and reads what the library for DAG-CBOR does', () => {
    const numbers = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger());
    fc.assert(
      fc.property(fc.oneof(values, numbers, fc.bigInt(-(2n ** 64n), 2n ** 64n - 1n)), (value) => {
        const bytes = encode(value);
        expect(toHex(bytes)).toBe(toHex(library.encode(value)));
        // The library's own settings swallow a byte order mark at the beginning of a text.
        if (!Buffer.from(bytes).includes('\ufeff'))
          // By what it writes of them: bytes may come as a Buffer or not.
          expect(toHex(library.encode(decode(bytes, z.unknown())))).toBe(
            toHex(library.encode(library.decode(bytes))),
          );
      }),
    );
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`k${(at * 7919) % 1000}é`, at]));
    expect(toHex(encode(many))).toBe(toHex(library.encode(many)));
    expect(decode(encode('\ufeffx'.repeat(9)), z.string())).toBe('\ufeffx'.repeat(9));
  });

  it.each([
    ['a text that is not UTF-8', '62c328'],
    ['a long text that is not UTF-8', `7820${'61'.repeat(31)}ff`],
    ['half a surrogate pair as UTF-8', '63eda080'],
    ['UTF-8 in a longer form', '62c080'],
    ['a key that is not UTF-8', 'a161ff01'],
    ['keys out of order', 'a2616201616102'],
    ['a longer key first', 'a262616101616202'],
    ['a key twice', 'a2616101616102'],
    ['a key that is a number', 'a10101'],
    ['__proto__ as a key', 'a1695f5f70726f746f5f5fa0'],
    ['a number in 8 bits that fits 5', '1817'],
    ['a number in 16 bits that fits 8', '1900ff'],
    ['a number in 32 bits that fits 16', '1a0000ffff'],
    ['a number in 64 bits that fits 32', '1b00000000ffffffff'],
    ['a length in a longer form', '580100'],
    ['a float that is an integer', 'fb3ff0000000000000'],
    ['minus zero', 'fb8000000000000000'],
    ['not a number', 'fb7ff8000000000000'],
    ['infinity', 'fb7ff0000000000000'],
    ['a float of 16 bits', 'f93e00'],
    ['a float of 32 bits', 'fa3fc00000'],
    ['undefined', 'f7'],
    ['another simple value', 'e0'],
    ['a tag', 'c101'],
    ['a link', 'd82a450001710000'],
    ['a list of no fixed length', '9f01ff'],
    ['bytes of no fixed length', '5f4101ff'],
    ['a list longer than the message', '9affffffff01'],
    ['bytes longer than the message', '5b001fffffffffffff00'],
    ['a map longer than the message', 'bb00000000ffffffff'],
    ['bytes left over', '0101'],
    ['nothing', ''],
  ])('does not read %s', (_, hex) => {
    expect(() => decode(fromHex(hex), z.unknown())).toThrow(
      expect.objectContaining({ code: 'invalid-encoding', message: expect.stringMatching(/not canonical/) }),
    );
  });

  it('takes memory for what is there only, and no more than the bound on values allows', () => {
    const flat = new Uint8Array(2_000_005).fill(0xa0);
    flat.set(fromHex('9a001e8480'));
    expect(() => decode(flat, z.unknown())).toThrow(/more than 1000000 values/);
    const deep = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x81), Buffer.from([1])]);
    expect(decode(deep(64), z.unknown())).toBeDefined();
    expect(() => decode(deep(65), z.unknown())).toThrow(/more than 64 deep/);
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => encode(loop)).toThrow(/64 deep/);
  });

  it.each([
    ['half a surrogate pair', '\ud800'],
    ['half a pair in a longer text', `${'x'.repeat(100)}\udc00`],
    ['half a pair in a field name', { 'a\ud800': 1 }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['__proto__ as a field', JSON.parse('{"__proto__":1}')],
    ['undefined', undefined],
    ['undefined in a field', { a: undefined }],
    ['undefined in a list', [1, undefined]],
    ['NaN', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['a function', { f: () => 1 }],
    ['an integer beyond 64 bits', 2n ** 64n],
  ])('refuses %s', (_, value) => {
    expect(() => encode(value)).toThrow(expect.objectContaining({ code: 'invalid-encoding' }));
  });

  it('refuses what is too long, malformed, cut short or of another form, with the place', () => {
    const schema = z.object({ name: z.string(), data: bytesSchema(4) });
    const good = encode({ name: 'x', data: new Uint8Array(4) });
    expect(decode(good, schema).data.length).toBe(4);
    expect(() => decode(good, schema, 5)).toThrow(/at most 5/);
    expect(() => decode(good.subarray(0, good.length - 1), schema)).toThrow(/not canonical DAG-CBOR/);
    expect(() => decode(new Uint8Array([...good, 0]), schema)).toThrow(/not canonical DAG-CBOR/);
    expect(() => decode(new Uint8Array([0xff]), schema)).toThrow(/not canonical DAG-CBOR/);
    expect(() => decode(encode({ name: 'x', data: new Uint8Array(5) }), schema)).toThrow(
      /data must .*4 bytes/,
    );
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
    expect(() => decode(nested, z.unknown())).toThrow(/not canonical DAG-CBOR/);
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
