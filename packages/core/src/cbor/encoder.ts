import { MoeError } from '../errors.ts';
import { isBefore } from './key-order.ts';
import { FORBIDDEN_KEY, MAX_DEPTH } from './limits.ts';

/** What is kept between calls; a longer message gets a buffer of its own. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);
/** Below it the length of a text lies in its first byte. */
const SHORT_TEXT = 24;

/**
 * Writes DAG-CBOR: integers in their shortest form, other numbers as 64-bit floats, keys sorted. Whatever has no such form,
 * or would be read as something else, throws `invalid-encoding`.
 */
export function encodeCbor(value: unknown): Uint8Array {
  const writer = new Writer();
  writer.value(value, 0);
  return writer.finish();
}

class Writer {
  #buffer = scratch;
  #length = 0;

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    bytes.set(this.#buffer.subarray(0, this.#length));
    return bytes;
  }

  value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'bigint':
        return this.#integer(value);
      case 'boolean':
        return this.#byte(value ? 0xf5 : 0xf4);
      case 'object':
        if (value === null) return this.#byte(0xf6);
        if (depth >= MAX_DEPTH) throw refused(`lists and maps more than ${MAX_DEPTH} deep`);
        if (Array.isArray(value)) return this.#list(value, depth + 1);
        if (value instanceof Uint8Array) return this.#bytes(value);
        return this.#map(value as Record<string, unknown>, depth + 1);
      default:
        throw refused(`a value of type ${typeof value}`);
    }
  }

  #list(list: readonly unknown[], depth: number): void {
    this.#head(0x80, list.length);
    for (let index = 0; index < list.length; index++) this.value(list[index], depth);
  }

  #map(map: Record<string, unknown>, depth: number): void {
    const prototype = Object.getPrototypeOf(map);
    if (prototype !== Object.prototype && prototype !== null)
      throw refused(`an object of class ${prototype.constructor?.name}`);
    const keys = sorted(Object.keys(map));
    this.#head(0xa0, keys.length);
    for (const key of keys) {
      if (key === FORBIDDEN_KEY) throw refused(`a field named ${FORBIDDEN_KEY}`);
      this.#text(key);
      this.value(map[key], depth);
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) return value < 0 ? this.#head(0x20, -1 - value) : this.#head(0, value);
    if (!Number.isFinite(value)) throw refused(String(value));
    this.#reserve(9);
    this.#buffer[this.#length] = 0xfb;
    this.#buffer.writeDoubleBE(value, this.#length + 1);
    this.#length += 9;
  }

  #integer(value: bigint): void {
    const count = value < 0n ? -1n - value : value;
    const major = value < 0n ? 0x20 : 0;
    if (count <= 0xffff_ffffn) return this.#head(major, Number(count));
    if (count > 0xffff_ffff_ffff_ffffn) throw refused('an integer beyond 64 bits');
    this.#reserve(9);
    this.#buffer[this.#length] = major | 27;
    this.#buffer.writeBigUInt64BE(count, this.#length + 1);
    this.#length += 9;
  }

  #text(text: string): void {
    const { length } = text;
    if (length < SHORT_TEXT ? this.#shortAscii(text) : length < 0x1_0000 && this.#longAscii(text)) return;
    if (!text.isWellFormed()) throw refused('a text with half a surrogate pair');
    const bytes = Buffer.byteLength(text);
    this.#head(0x60, bytes);
    this.#reserve(bytes);
    this.#length += this.#buffer.write(text, this.#length);
  }

  /** Without a call into native code, which costs more than a few characters; false where one is not ASCII. */
  #shortAscii(text: string): boolean {
    const { length } = text;
    this.#reserve(length + 1);
    const buffer = this.#buffer;
    const start = this.#length + 1;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[start + index] = code;
    }
    buffer[this.#length] = 0x60 | length;
    this.#length = start + length;
    return true;
  }

  /** As many bytes as characters: then all are ASCII, and the length written before them is right. */
  #longAscii(text: string): boolean {
    const { length } = text;
    const before = this.#length;
    this.#reserve(3 * length + 3);
    this.#head(0x60, length);
    const written = this.#buffer.write(text, this.#length);
    this.#length = written === length ? this.#length + length : before;
    return written === length;
  }

  #bytes(bytes: Uint8Array): void {
    this.#head(0x40, bytes.length);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #head(major: number, count: number): void {
    this.#reserve(9);
    const buffer = this.#buffer;
    const at = this.#length;
    if (count < 24) {
      buffer[at] = major | count;
      this.#length += 1;
    } else if (count <= 0xff) {
      buffer[at] = major | 24;
      buffer[at + 1] = count;
      this.#length += 2;
    } else if (count <= 0xffff) {
      buffer[at] = major | 25;
      buffer.writeUInt16BE(count, at + 1);
      this.#length += 3;
    } else if (count <= 0xffff_ffff) {
      buffer[at] = major | 26;
      buffer.writeUInt32BE(count, at + 1);
      this.#length += 5;
    } else {
      buffer[at] = major | 27;
      buffer.writeBigUInt64BE(BigInt(count), at + 1);
      this.#length += 9;
    }
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = byte;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + bytes));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** Few keys, often in order already: insertion sort. */
function sorted(keys: string[]): string[] {
  if (keys.length > 64) return keys.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index]!;
    let at = index;
    for (; at > 0 && isBefore(key, keys[at - 1]!); at--) keys[at] = keys[at - 1]!;
    keys[at] = key;
  }
  return keys;
}

function refused(what: string): MoeError {
  return new MoeError('invalid-encoding', `Canonical bytes cannot hold ${what}.`);
}
