import { decode, encode, type Token, Tokenizer } from 'cborg';
import { MoeError, messageOf } from './errors.ts';

/** How deep lists and maps may lie in one another: what we send goes to about ten. */
const maxDepth = 64;
/**
 * How many values one message may hold in all. An empty map takes one byte on the wire and 56 in memory, so a bound on
 * bytes alone would let a message of 16 MiB take a gigabyte.
 */
const maxItems = 1_000_000;
/** Set by assignment it would replace an object's prototype: no field of ours has this name. */
const forbiddenKey = '__proto__';

/**
 * Writes DAG-CBOR: integers in their shortest form, other numbers as 64-bit floats, keys sorted. Whatever has no such form,
 * or would be read as something else, throws `invalid-encoding`.
 */
export function encodeCbor(value: unknown): Uint8Array {
  assertPlain(value, 0);
  try {
    return encode(value, { float64: true });
  } catch (error) {
    throw new MoeError('invalid-encoding', `Canonical bytes cannot hold this: ${messageOf(error)}`);
  }
}

/**
 * Reads DAG-CBOR and nothing else: for every value exactly the bytes that {@link encodeCbor} makes of it, so that no two byte
 * strings mean the same. Throws `invalid-encoding`.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  let value: unknown;
  let again: Uint8Array;
  try {
    value = decode(bytes, { ...strict, tokenizer: new BoundedTokenizer(bytes, strict) });
    again = encodeCbor(value);
  } catch (error) {
    throw refused(messageOf(error));
  }
  // What the library reads in more forms than one: texts that are not UTF-8, floats that are integers, keys out of order.
  if (Buffer.compare(again, bytes) !== 0) throw refused('the same value has another form');
  return value;
}

const strict = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: true,
  rejectDuplicateMapKeys: true,
  retainStringBytes: true,
};

class BoundedTokenizer extends Tokenizer {
  #items = 0;

  override next(): Token {
    if (++this.#items > maxItems) throw new Error(`it has more than ${maxItems} values`);
    const token = super.next();
    // The library's text decoder swallows a byte order mark, which is a character of the text like any other.
    const { byteValue } = token;
    if (byteValue?.[0] === 0xef && byteValue[1] === 0xbb && byteValue[2] === 0xbf)
      token.value = `\ufeff${token.value}`;
    return token;
  }
}

function assertPlain(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'boolean':
      return;
    case 'string':
      if (!value.isWellFormed()) throw unwritable('a text with half a surrogate pair');
      return;
    case 'number':
      if (!Number.isFinite(value)) throw unwritable(String(value));
      return;
    case 'bigint':
      if (value >= 2n ** 64n || value < -(2n ** 64n)) throw unwritable('an integer beyond 64 bits');
      return;
    case 'object':
      if (value === null || value instanceof Uint8Array) return;
      if (depth >= maxDepth) throw unwritable(`lists and maps more than ${maxDepth} deep`);
      if (Array.isArray(value)) for (const part of value) assertPlain(part, depth + 1);
      else assertPlainMap(value as Record<string, unknown>, depth + 1);
      return;
    default:
      throw unwritable(`a value of type ${typeof value}`);
  }
}

function assertPlainMap(map: Record<string, unknown>, depth: number): void {
  const prototype = Object.getPrototypeOf(map);
  if (prototype !== Object.prototype && prototype !== null)
    throw unwritable(`an object of class ${prototype.constructor?.name}`);
  for (const key of Object.keys(map)) {
    if (key === forbiddenKey) throw unwritable(`a field named ${forbiddenKey}`);
    assertPlain(key, depth);
    assertPlain(map[key], depth);
  }
}

function unwritable(what: string): MoeError {
  return new MoeError('invalid-encoding', `Canonical bytes cannot hold ${what}.`);
}

function refused(what: string): MoeError {
  return new MoeError('invalid-encoding', `The message is not canonical DAG-CBOR: ${what}.`);
}
