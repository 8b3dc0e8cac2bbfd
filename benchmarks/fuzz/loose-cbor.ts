/** CBOR as somebody writes it who wants to be misunderstood: valid, and here and there not the canonical form. */
import type { Random } from './random.ts';

/** `oddOnceIn`: how seldom a value gets another form than the canonical one. Without it the bytes are canonical but for key order. */
export function looseCbor(value: unknown, random: Random, oddOnceIn = 40): Buffer {
  const parts: Uint8Array[] = [];
  const isOdd = (): boolean => random.onceIn(oddOnceIn);
  const head = (major: number, count: number): void => {
    const least = count < 24 ? 0 : count < 256 ? 1 : count < 65_536 ? 2 : count < 2 ** 32 ? 4 : 8;
    const form = isOdd() ? random.of([1, 2, 4, 8].filter((size) => size >= least)) : least;
    if (form === 0) return void parts.push(Uint8Array.of(major | count));
    const bytes = Buffer.alloc(1 + form);
    bytes[0] = major | { 1: 24, 2: 25, 4: 26, 8: 27 }[form as 1];
    if (form === 8) bytes.writeBigUInt64BE(BigInt(count), 1);
    else bytes.writeUIntBE(count, 1, form);
    parts.push(bytes);
  };
  const text = (each: string): void => {
    const bytes = Buffer.from(each);
    if (bytes.length > 0 && isOdd()) bytes[random.below(bytes.length)] = random.of([0xff, 0xc0, 0xed, 0x80]);
    head(0x60, bytes.length);
    parts.push(bytes);
  };
  const write = (each: unknown): void => {
    if (isOdd() && random.onceIn(4))
      parts.push(Uint8Array.of(random.of([0xc1, 0xd8, 0xf7, 0xf6, 0x9f, 0xbf, 0x5f, 0xff])));
    if (typeof each === 'string') return text(each);
    if (typeof each === 'boolean') return void parts.push(Uint8Array.of(each ? 0xf5 : 0xf4));
    if (typeof each === 'bigint' || Number.isSafeInteger(each)) {
      const number = BigInt(each as number);
      const count = number < 0n ? -1n - number : number;
      if (count < 2n ** 53n && !isOdd()) return head(number < 0n ? 0x20 : 0, Number(count));
      const wide = Buffer.alloc(9);
      if (isOdd()) {
        wide[0] = 0xfb;
        wide.writeDoubleBE(Number(number), 1);
      } else {
        wide[0] = number < 0n ? 0x3b : 0x1b;
        wide.writeBigUInt64BE(BigInt.asUintN(64, count), 1);
      }
      return void parts.push(wide);
    }
    if (typeof each === 'number') {
      const wide = Buffer.alloc(9, 0xfb);
      wide.writeDoubleBE(each, 1);
      return void parts.push(wide);
    }
    if (each instanceof Uint8Array) {
      head(0x40, each.length);
      return void parts.push(each);
    }
    if (Array.isArray(each)) {
      head(0x80, each.length);
      return each.forEach(write);
    }
    if (typeof each !== 'object' || each === null) return void parts.push(Uint8Array.of(0xf6));
    const entries = Object.entries(each).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
    if (entries.length > 1 && isOdd()) entries.reverse();
    if (entries.length > 0 && isOdd()) entries.push([random.of(entries)[0], 0]);
    head(0xa0, entries.length);
    for (const [name, inner] of entries) {
      text(name);
      write(inner);
    }
  };
  write(value);
  return Buffer.concat(parts);
}
