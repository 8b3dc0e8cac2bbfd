import { fromHex } from '../codec.ts';
import { MoeError } from '../errors.ts';
import { keccak256 } from './keccak.ts';

export interface TypedDataField {
  readonly name: string;
  /** As in Solidity: `uint256`, `address`, `bytes32`, `string`, a struct's name, or one of these with `[]` or `[3]`. */
  readonly type: string;
}

/** Who asks for a signature; only the fields that are there are signed. */
export interface TypedDataDomain {
  readonly name?: string;
  readonly version?: string;
  readonly chainId?: number | bigint;
  readonly verifyingContract?: string;
  readonly salt?: Uint8Array | string;
}

export type TypedDataTypes = Readonly<Record<string, readonly TypedDataField[]>>;

/**
 * What `eth_signTypedData_v4` shows and signs (EIP-712). Integers are numbers or bigints, addresses hex strings, bytes
 * `Uint8Array`s or hex strings with `0x`. Types and domain are best constants: what follows from them alone is remembered.
 */
export interface TypedData {
  readonly domain: TypedDataDomain;
  readonly types: TypedDataTypes;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, unknown>>;
}

const domainFields: readonly TypedDataField[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
];
const prefix = Uint8Array.of(0x19, 0x01);
const separators = new WeakMap<TypedDataDomain, Uint8Array>();

/** The 32 bytes that are signed. Throws `invalid-typed-data` with the field that does not fit its type. */
export function typedDataHash({ domain, types, primaryType, message }: TypedData): Uint8Array {
  let separator = separators.get(domain);
  if (separator === undefined) {
    const fields = domainFields.filter(({ name }) => domain[name as keyof TypedDataDomain] !== undefined);
    separator = hashStruct({ EIP712Domain: fields }, 'EIP712Domain', domain);
    separators.set(domain, separator);
  }
  return keccak256(prefix, separator, hashStruct(types, primaryType, message));
}

interface StructCoder {
  readonly typeHash: Uint8Array;
  readonly fields: readonly { readonly name: string; readonly encode: Encode }[];
}
/** A value as 32 bytes; `at` names the field for the error. */
type Encode = (value: unknown, at: string) => Uint8Array;
const coders = new WeakMap<TypedDataTypes, Map<string, StructCoder>>();

function hashStruct(types: TypedDataTypes, name: string, value: unknown, at = name): Uint8Array {
  const { typeHash, fields } = coderOf(types, name);
  if (typeof value !== 'object' || value === null) throw invalid(at, `a ${name} is an object`);
  return keccak256(
    typeHash,
    ...fields.map((field) =>
      field.encode((value as Record<string, unknown>)[field.name], `${at}.${field.name}`),
    ),
  );
}

function coderOf(types: TypedDataTypes, name: string): StructCoder {
  const known = coders.get(types) ?? new Map<string, StructCoder>();
  coders.set(types, known);
  let coder = known.get(name);
  if (coder === undefined) {
    coder = {
      typeHash: keccak256(Buffer.from(encodeType(types, name))),
      fields: fieldsOf(types, name).map((field) => ({
        name: field.name,
        encode: encoderOf(types, field.type),
      })),
    };
    known.set(name, coder);
  }
  return coder;
}

function fieldsOf(types: TypedDataTypes, name: string): readonly TypedDataField[] {
  if (!Object.hasOwn(types, name)) throw invalid(name, 'there is no such type');
  return types[name]!;
}

/** `Name(type field,…)`, then the structs that it uses, by name. */
function encodeType(types: TypedDataTypes, name: string): string {
  const used = new Set<string>();
  const visit = (struct: string): void => {
    if (used.has(struct)) return;
    used.add(struct);
    for (const { type } of fieldsOf(types, struct)) {
      const base = type.replace(/\[.*$/, '');
      if (Object.hasOwn(types, base)) visit(base);
    }
  };
  visit(name);
  used.delete(name);
  return [name, ...[...used].sort()]
    .map(
      (struct) => `${struct}(${fieldsOf(types, struct).map(({ type, name: field }) => `${type} ${field}`)})`,
    )
    .join('');
}

function encoderOf(types: TypedDataTypes, type: string): Encode {
  const list = /^(.+)\[(\d*)\]$/.exec(type);
  if (list !== null) {
    const encode = encoderOf(types, list[1]!);
    const length = list[2] === '' ? undefined : Number(list[2]);
    return (value, at) => {
      if (!Array.isArray(value) || (length !== undefined && value.length !== length))
        throw invalid(at, `it is a list of ${length ?? 'any number of'} values of type ${list[1]}`);
      return keccak256(...value.map((item, index) => encode(item, `${at}[${index}]`)));
    };
  }
  // A struct may hold others of its own kind, so its coder is made when it is first met.
  if (Object.hasOwn(types, type)) return (value, at) => hashStruct(types, type, value, at);
  const sized = /^(u?int|bytes)(\d+)$/.exec(type);
  const size = Number(sized?.[2]);
  if (sized?.[1] === 'bytes' && size >= 1 && size <= 32)
    return (value, at) => {
      const bytes = bytesOf(value, at);
      if (bytes.length !== size) throw invalid(at, `it has ${size} bytes`);
      const word = new Uint8Array(32);
      word.set(bytes);
      return word;
    };
  if (sized !== null && sized[1] !== 'bytes' && size >= 8 && size <= 256 && size % 8 === 0)
    return integerEncoder(size, sized[1] === 'int');
  switch (type) {
    case 'string':
      return (value, at) => {
        if (typeof value !== 'string' || !value.isWellFormed()) throw invalid(at, 'it is a text');
        return keccak256(Buffer.from(value));
      };
    case 'bytes':
      return (value, at) => keccak256(bytesOf(value, at));
    case 'bool':
      return (value, at) => {
        if (typeof value !== 'boolean') throw invalid(at, 'it is true or false');
        return word(value ? 1n : 0n);
      };
    case 'address':
      return (value, at) => {
        if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(value))
          throw invalid(at, 'it is an address: 0x and 40 hex digits');
        return word(BigInt(value));
      };
    default:
      throw invalid(type, 'there is no such type');
  }
}

function integerEncoder(bits: number, isSigned: boolean): Encode {
  const least = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = 2n ** BigInt(isSigned ? bits - 1 : bits) - 1n;
  return (value, at) => {
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) throw invalid(at, 'it is a whole number');
    const integer = BigInt(value as number | bigint);
    if (integer < least || integer > most) throw invalid(at, `it does not fit ${bits} bits`);
    return word(BigInt.asUintN(256, integer));
  };
}

function bytesOf(value: unknown, at: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string' && /^0x(?:[0-9a-fA-F]{2})*$/.test(value)) return fromHex(value.slice(2));
  throw invalid(at, 'it is bytes, or hex digits after 0x');
}

function word(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(32);
  bytes.writeBigUInt64BE(value >> 192n, 0);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value >> 128n), 8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value >> 64n), 16);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 24);
  return bytes;
}

function invalid(at: string, why: string): MoeError {
  return new MoeError('invalid-typed-data', `${at} cannot be signed: ${why}.`, { metadata: { at } });
}
