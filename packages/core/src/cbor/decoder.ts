import { isUtf8 } from 'node:buffer';
import { MoeError } from '../errors.ts';
import { isBefore } from './key-order.ts';
import { FORBIDDEN_KEY, MAX_DEPTH, MAX_ITEMS } from './limits.ts';

/**
 * Reads DAG-CBOR and nothing else: for every value exactly the bytes that `encodeCbor` makes of it, so that no two byte
 * strings mean the same. Refused (`invalid-encoding`): numbers and lengths in a longer form than needed, floats that are
 * integers or not finite, keys out of order or twice, texts that are not UTF-8, tags, indefinite lengths, bytes left over,
 * and whatever is too deep or has too many values. Memory is taken for what is there, never for what a length claims.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  readonly #length: number;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#length = bytes.length;
  }

  end(): void {
    if (this.#at !== this.#length) throw refused(this.#at, 'bytes are left over');
  }

  value(depth: number): unknown {
    if (++this.#items > MAX_ITEMS) throw refused(this.#at, `it has more than ${MAX_ITEMS} values`);
    const at = this.#at;
    const first = this.#next();
    switch (first >> 5) {
      case 0:
        return this.#integer(first, false);
      case 1:
        return this.#integer(first, true);
      case 2:
        return this.#byteString(this.#count(first, 1));
      case 3:
        return this.#text(this.#count(first, 1));
      case 4:
        return this.#list(this.#count(first, 1), depth + 1);
      case 5:
        return this.#map(this.#count(first, 2), depth + 1);
      case 7:
        return this.#simple(first, at);
      default:
        throw refused(at, 'tags are not taken');
    }
  }

  #list(count: number, depth: number): unknown[] {
    this.#checkDepth(depth);
    const list: unknown[] = [];
    for (let index = 0; index < count; index++) list.push(this.value(depth));
    return list;
  }

  #map(count: number, depth: number): Record<string, unknown> {
    this.#checkDepth(depth);
    const map: Record<string, unknown> = {};
    let before: string | undefined;
    for (let index = 0; index < count; index++) {
      const at = this.#at;
      const first = this.#next();
      if (first >> 5 !== 3) throw refused(at, 'a key is not a text');
      const key = this.#text(this.#count(first, 1));
      if (before !== undefined && !isBefore(before, key)) throw refused(at, 'keys are twice or out of order');
      if (key === FORBIDDEN_KEY) throw refused(at, `${FORBIDDEN_KEY} is not taken as a key`);
      map[key] = this.value(depth);
      before = key;
    }
    return map;
  }

  #byteString(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return bytes;
  }

  #text(length: number): string {
    const start = this.#at;
    const end = start + length;
    const bytes = this.#bytes;
    this.#at = end;
    for (let at = start; at < end; at++)
      if (bytes[at]! > 0x7f) {
        if (!isUtf8(bytes.subarray(at, end))) throw refused(at, 'a text is not UTF-8');
        return bytes.toString('utf8', start, end);
      }
    return bytes.toString('latin1', start, end);
  }

  #simple(first: number, at: number): boolean | number | null {
    switch (first) {
      case 0xf4:
        return false;
      case 0xf5:
        return true;
      case 0xf6:
        return null;
      case 0xfb: {
        this.#need(8);
        const value = this.#bytes.readDoubleBE(this.#at);
        this.#at += 8;
        if (!Number.isFinite(value) || Number.isSafeInteger(value))
          throw refused(at, 'a float is not finite, or an integer');
        return value;
      }
      default:
        throw refused(at, `the byte 0x${first.toString(16)} begins no value`);
    }
  }

  #integer(first: number, isNegative: boolean): number | bigint {
    const count = this.#argument(first);
    if (typeof count === 'number') {
      const value = isNegative ? -1 - count : count;
      if (Number.isSafeInteger(value)) return value;
    }
    return isNegative ? -1n - BigInt(count) : BigInt(count);
  }

  /** A length, of things that take at least `least` bytes each. */
  #count(first: number, least: number): number {
    const at = this.#at;
    const count = this.#argument(first);
    if (typeof count !== 'number' || count * least > this.#length - this.#at)
      throw refused(at, 'a length goes beyond the end');
    return count;
  }

  /** The number behind the first byte, in its shortest form. */
  #argument(first: number): number | bigint {
    const bytes = this.#bytes;
    const at = this.#at;
    const form = first & 31;
    let count: number | bigint;
    let least: number;
    if (form < 24) return form;
    if (form === 24) {
      count = this.#next();
      least = 24;
    } else if (form === 25) {
      this.#need(2);
      count = bytes.readUInt16BE(at);
      least = 0x100;
      this.#at += 2;
    } else if (form === 26) {
      this.#need(4);
      count = bytes.readUInt32BE(at);
      least = 0x1_0000;
      this.#at += 4;
    } else if (form === 27) {
      this.#need(8);
      count = bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
      least = 0x1_0000_0000;
      if (!Number.isSafeInteger(count)) count = bytes.readBigUInt64BE(at);
      this.#at += 8;
    } else throw refused(at - 1, 'indefinite lengths are not taken');
    if (count < least) throw refused(at - 1, 'a number is longer than it need be');
    return count;
  }

  #next(): number {
    if (this.#at >= this.#length) throw refused(this.#at, 'it is cut short');
    return this.#bytes[this.#at++]!;
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#length) throw refused(this.#at, 'it is cut short');
  }

  #checkDepth(depth: number): void {
    if (depth > MAX_DEPTH) throw refused(this.#at, `it is more than ${MAX_DEPTH} deep`);
  }
}

function refused(at: number, what: string): MoeError {
  return new MoeError('invalid-encoding', `The message is not canonical DAG-CBOR: ${what} (at byte ${at}).`);
}
