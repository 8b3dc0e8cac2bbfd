import { TypedDataEncoder } from 'ethers';
import fc from 'fast-check';
import { hashTypedData } from 'viem';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/codec.ts';
import { type TypedData, type TypedDataTypes, typedDataHash } from '../../src/owner/typed-data.ts';

const hexOf = (bytes: Uint8Array) => `0x${toHex(bytes)}`;

/** The example of EIP-712 itself; its hash is in the standard's `Example.js`. */
const mail: TypedData = {
  domain: {
    name: 'Ether Mail',
    version: '1',
    chainId: 1,
    verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
  },
  types: {
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  message: {
    from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
    to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
    contents: 'Hello, Bob!',
  },
};

describe('typed data (EIP-712)', () => {
  it('hashes the example of the standard', () => {
    expect(hexOf(typedDataHash(mail))).toBe(
      '0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2',
    );
  });

  it('hashes whatever viem and ethers hash, as they do', () => {
    fc.assert(
      fc.property(randomTypedData, (data) => {
        const ours = hexOf(typedDataHash(data));
        const { EIP712Domain: _, ...types } = data.types;
        expect(TypedDataEncoder.hash(data.domain as never, types as never, data.message)).toBe(ours);
        expect(hashTypedData(data as never)).toBe(ours);
      }),
      { numRuns: 150 },
    );
  });

  it('tells apart an empty list from a missing one, and structs of one form by their names', () => {
    const types = { A: [{ name: 'x', type: 'uint8[]' }], B: [{ name: 'x', type: 'uint8[]' }] };
    const hash = (primaryType: string, message: Record<string, unknown>) =>
      hexOf(typedDataHash({ domain: {}, types, primaryType, message }));
    expect(hash('A', { x: [] })).not.toBe(hash('B', { x: [] }));
    expect(hash('A', { x: [] })).not.toBe(hash('A', { x: [0] }));
    expect(() => hash('A', {})).toThrow(/A\.x cannot be signed/);
  });

  it.each([
    ['uint8', 256],
    ['uint8', -1],
    ['uint256', 2n ** 256n],
    ['uint256', 1.5],
    ['uint256', 2 ** 60],
    ['uint256', '1'],
    ['int8', 128],
    ['int8', -129n],
    ['uint7', 1],
    ['uint264', 1],
    ['bytes33', new Uint8Array(33)],
    ['bytes4', new Uint8Array(5)],
    ['bytes', '0x123'],
    ['bytes', 'abcd'],
    ['bytes', [1, 2]],
    ['string', 7],
    ['string', '\ud800'],
    ['bool', 1],
    ['address', '0x12'],
    ['uint8[2]', [1]],
    ['uint8[]', 'abc'],
    ['uint8[][]', [1]],
    ['Other', {}],
    ['A', undefined],
    ['__proto__', {}],
    ['toString', {}],
  ])('refuses what is no %s', (type, value) => {
    const types = { A: [{ name: 'x', type }] };
    expect(() => typedDataHash({ domain: {}, types, primaryType: 'A', message: { x: value } })).toThrow(
      expect.objectContaining({ code: 'invalid-typed-data' }),
    );
  });
});

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const addresses = bytesOf(20).map(hexOf);
/** A type and a value of it. The libraries take bytes as hex digits. */
interface Typed {
  readonly type: string;
  readonly value: unknown;
}
const typed = (type: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<Typed> =>
  value.map((of) => ({ type, value: of }));
const atoms: readonly [string, fc.Arbitrary<unknown>][] = [
  ['uint256', fc.bigInt(0n, 2n ** 256n - 1n)],
  ['uint8', fc.integer({ min: 0, max: 255 })],
  ['uint48', fc.integer({ min: 0, max: 2 ** 48 - 1 })],
  ['int64', fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)],
  ['int256', fc.bigInt(-(2n ** 255n), 2n ** 255n - 1n)],
  ['bool', fc.boolean()],
  ['address', addresses],
  ['string', fc.string({ unit: 'grapheme' })],
  ['bytes', fc.uint8Array({ maxLength: 70 }).map(hexOf)],
  ['bytes1', bytesOf(1).map(hexOf)],
  ['bytes32', bytesOf(32).map(hexOf)],
];
const anyAtom = fc.constantFrom(...atoms);
const flat: fc.Arbitrary<Typed> = fc.oneof(
  anyAtom.chain(([type, value]) => typed(type, value)),
  anyAtom.chain(([type, value]) => typed(`${type}[]`, fc.array(value, { maxLength: 4 }))),
  anyAtom.chain(([type, value]) => typed(`${type}[2]`, fc.tuple(value, value))),
  anyAtom.chain(([type, value]) =>
    typed(`${type}[][]`, fc.array(fc.array(value, { maxLength: 3 }), { maxLength: 3 })),
  ),
);
interface Struct {
  readonly types: TypedDataTypes;
  readonly value: Record<string, unknown>;
}
/** A struct of that name with flat fields, and structs inside if `inner` gives some. */
function structOf(name: string, inner: fc.Arbitrary<readonly Struct[]>): fc.Arbitrary<Struct> {
  return fc.tuple(fc.array(flat, { minLength: 1, maxLength: 5 }), inner).map(([fields, structs]) => ({
    types: Object.assign({}, ...structs.map(({ types }) => types), {
      [name]: [
        ...fields.map(({ type }, index) => ({ name: `f${index}`, type })),
        ...structs.flatMap(({ types }, index) => {
          const type = Object.keys(types).at(-1)!;
          return [
            { name: `s${index}`, type },
            { name: `l${index}`, type: `${type}[]` },
          ];
        }),
      ],
    }),
    value: {
      ...Object.fromEntries(fields.map(({ value }, index) => [`f${index}`, value])),
      ...Object.fromEntries(
        structs.flatMap(({ value }, index) => [
          [`s${index}`, value],
          [`l${index}`, [value, value]],
        ]),
      ),
    },
  }));
}
const leaf = (name: string) => structOf(name, fc.constant([]));
const nested = structOf(
  'Middle',
  fc.tuple(leaf('Zebra'), leaf('Apple')).map((structs) => [...structs]),
);
const randomTypedData: fc.Arbitrary<TypedData> = fc
  .tuple(
    fc.record(
      {
        name: fc.string(),
        version: fc.string(),
        chainId: fc.integer({ min: 0 }),
        verifyingContract: addresses,
        salt: bytesOf(32).map(hexOf),
      },
      { requiredKeys: ['name'], noNullPrototype: true },
    ),
    structOf(
      'Root',
      fc.tuple(nested, leaf('Other')).map((structs) => [...structs]),
    ),
  )
  .map(([domain, { types, value }]) => ({ domain, types, primaryType: 'Root', message: value }));
