/** Changes of valid values and bytes: what an attacker would try, and what a broken disk does. */
import type { Random } from './random.ts';

const texts = [
  '',
  '\ud800',
  '\ufffd',
  '\ufeff',
  '__proto__',
  'constructor',
  '0'.repeat(64),
  `0x${'0'.repeat(40)}`,
  '1e999',
  '\u202e',
  'x'.repeat(300),
  '-0',
  '.',
  '../x',
  'NaN',
  '9'.repeat(400),
];
const numbers = [
  0,
  -1,
  -0,
  1.5,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 63),
  2 ** 64,
  1e308,
  5e-324,
  Number.NaN,
  Number.POSITIVE_INFINITY,
];

/** A copy in which one to three places are changed. */
export function mutateValue(value: unknown, random: Random): unknown {
  let mutated = value;
  for (let times = 1 + random.below(3); times > 0; times--) mutated = changed(mutated, random, 0);
  return mutated;
}

function changed(value: unknown, random: Random, depth: number): unknown {
  const isHere = random.onceIn(depth < 8 ? 4 : 1);
  if (Array.isArray(value) && value.length > 0 && !isHere) {
    const at = random.below(value.length);
    return value.with(at, changed(value[at], random, depth + 1));
  }
  if (isMap(value) && !isHere) {
    const names = Object.keys(value);
    if (names.length === 0) return { x: 1 };
    const name = random.of(names);
    return { ...value, [name]: changed(value[name], random, depth + 1) };
  }
  return changedHere(value, random);
}

function changedHere(value: unknown, random: Random): unknown {
  if (random.onceIn(3)) return other(random);
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1);
    return random.of([
      () => value.toSpliced(at, 1),
      () => value.toSpliced(at, 0, value[0] ?? null),
      () => Array.from({ length: 40 }, () => value[0] ?? 0),
      () => value.toReversed(),
      () => [value],
    ])();
  }
  if (isMap(value)) {
    const names = Object.keys(value);
    const { [random.of([...names, 'x'])]: _, ...fewer } = value;
    return random.of<unknown>([
      fewer,
      { ...value, [random.of(texts)]: 1 },
      { ...value, constructor: value },
      [value],
    ]);
  }
  if (value instanceof Uint8Array)
    return random.bytes(Math.max(0, value.length + random.of([-1, 0, 0, 1, 40])));
  if (typeof value === 'number')
    return random.of([
      value + 1,
      value - 1,
      -value,
      value / 3,
      random.of(numbers),
      BigInt(Number.isFinite(value) ? Math.trunc(value) : 0),
    ]);
  if (typeof value === 'bigint')
    return random.of<unknown>([value + 1n, -value, value << 8n, 2n ** 64n - 1n, 2n ** 63n, String(value)]);
  if (typeof value === 'string') {
    const at = random.below(value.length + 1);
    return random.of([
      value.slice(0, at),
      value + value,
      `${value.slice(0, at)}${random.of(texts)}${value.slice(at)}`,
      value.toUpperCase(),
      ` ${value}`,
    ]);
  }
  return other(random);
}

function other(random: Random): unknown {
  return random.of<unknown>([
    null,
    true,
    {},
    [],
    random.of(texts),
    random.of(numbers),
    random.bytes(random.below(70)),
    2n ** 62n + 1n,
    nested(random.of([3, 30, 70, 500])),
  ]);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let at = 0; at < depth; at++) value = at % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A copy with one to three changes: bits, ends, blocks, lengths, parts of another example. */
export function mutateBytes(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let mutated = Buffer.from(bytes);
  for (let times = 1 + random.below(3); times > 0; times--) mutated = mutatedOnce(mutated, other, random);
  return new Uint8Array(mutated);
}

function mutatedOnce(bytes: Buffer<ArrayBuffer>, other: Uint8Array, random: Random): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.below(40));
  const before = bytes.subarray(0, at);
  switch (random.below(9)) {
    case 0:
      return Buffer.concat([before]);
    case 1:
      return Buffer.concat([before, bytes.subarray(end)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([before, random.bytes(1 + random.below(9)), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([before, other.subarray(random.below(other.length + 1))]);
    case 5:
      return Buffer.concat([
        before,
        Buffer.alloc(random.of([8, 200, 3_000]), random.of([0x81, 0xa1, 0x5b, 0x7b, 0xff, 0x00])),
        bytes.subarray(at),
      ]);
    case 6: {
      const wide = Buffer.from(
        random.of(['ffffffff', '7fffffff', '80000000', '00000000', 'ffffffffffffffff', '1b001fffffffffff']),
        'hex',
      );
      return Buffer.concat([before, wide, bytes.subarray(Math.min(bytes.length, at + wide.length))]);
    }
    default: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[Math.min(at, copy.length - 1)]! ^= 1 << random.below(8);
      return copy;
    }
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
