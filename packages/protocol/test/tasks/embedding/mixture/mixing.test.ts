import { hashBytes } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { drawStream } from '../../../../src/random/stream.ts';
import { fromInt8, int8Vector, signBits } from '../../../../src/tasks/embedding/mixture/compact.ts';
import { signProjection } from '../../../../src/tasks/embedding/mixture/projection.ts';
import { pooledVector, windowsOf } from '../../../../src/tasks/embedding/mixture/windows.ts';
import { questionVector, storedVector } from '../../../../src/tasks/embedding/side-by-side.ts';
import { float32Bytes } from '../../../../src/tasks/embedding/vector.ts';

const product = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, axis) => sum + value * b[axis]!, 0);
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  product(a, b) / Math.sqrt(product(a, a) * product(b, b));
const drawn = (seed: string, dimensions: number): Float32Array => {
  const stream = drawStream(seed, 'test');
  return Float32Array.from({ length: dimensions }, () => stream.below(2_001) - 1_000);
};

const parts = [
  { dimensions: 3, weightSteps: 2 },
  { dimensions: 5, weightSteps: 6 },
];
const text = [drawn('text/0', 3), drawn('text/1', 5)];
const other = [drawn('other/0', 3), drawn('other/1', 5)];

describe('vectors side by side', () => {
  it('have unit length, and products that are the weighted mean of the cosines', () => {
    const [a, b] = [storedVector(parts, text).vector, storedVector(parts, other).vector];
    expect(product(a, a)).toBeCloseTo(1, 6);
    const mean = (2 * cosine(text[0]!, other[0]!) + 6 * cosine(text[1]!, other[1]!)) / 8;
    expect(product(a, b)).toBeCloseTo(mean, 6);
  });

  it('do not depend on how long an answer is, also not on int16 or float32', () => {
    const long = text.map((answer) => answer.map((value) => 4 * value));
    const whole = text.map((answer) => Int16Array.from(answer));
    expect(storedVector(parts, long)).toEqual(storedVector(parts, text));
    expect(storedVector(parts, whole)).toEqual(storedVector(parts, text));
  });

  it('weigh as the gate says when a question has one', () => {
    const stored = storedVector(parts, text).vector;
    const asked = questionVector(parts, other, [4, 1]).vector;
    const best =
      (4 * cosine(text[0]!, other[0]!) + 1 * cosine(text[1]!, other[1]!)) / product(stored, stored);
    const worse =
      (4 * cosine(other[0]!, other[0]!) + 1 * cosine(other[1]!, other[1]!)) / product(stored, stored);
    expect(product(asked, stored) / product(asked, storedVector(parts, other).vector)).toBeCloseTo(
      best / worse,
      5,
    );
    expect(product(asked, asked)).toBeCloseTo(1, 6);
    expect([...questionVector(parts, other, [0, 1]).vector.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('name what is missing, and are of unit length without it', () => {
    const junk: readonly (ArrayLike<number> | undefined)[] = [
      undefined,
      new Float32Array(4),
      Float32Array.of(1, Number.NaN, 0),
      Float32Array.of(1, Number.POSITIVE_INFINITY, 0),
      [],
    ];
    for (const answer of junk) {
      const { vector, missing } = storedVector(parts, [answer, text[1]]);
      expect(missing).toEqual([0]);
      expect([...vector.subarray(0, 3)]).toEqual([0, 0, 0]);
      expect(product(vector, vector)).toBeCloseTo(1, 6);
    }
    expect(storedVector(parts, [])).toEqual({ vector: new Float32Array(8), missing: [0, 1] });
  });

  it('keep a zero answer zero: an expert may have nothing to say about a text', () => {
    const { vector, missing } = storedVector(parts, [new Float32Array(3), text[1]]);
    expect(missing).toEqual([]);
    expect(product(vector, vector)).toBeCloseTo(1, 6);
    expect([...storedVector(parts, [new Float32Array(3), new Float32Array(5)]).vector]).toEqual(
      new Array(8).fill(0),
    );
  });

  it('are the same bits on every machine', () => {
    expect(hashBytes(float32Bytes(storedVector(parts, text).vector))).toBe(
      '699b183edfba52b8774fea65a92f5e7aaa33e20e7ee5577b22668f984a19910c',
    );
    const project = signProjection(
      [
        { name: 'a', dimensions: 3 },
        { name: 'b', dimensions: 5 },
      ],
      'seed',
      16,
    );
    expect(hashBytes(float32Bytes(project(storedVector(parts, text).vector)))).toBe(
      '9a9dc78f60646cdfd5ad40f4cd587404015f5469687b79f67b6b31e3d3cb525c',
    );
  });
});

describe('the projection', () => {
  const named = [
    { name: 'a', dimensions: 300 },
    { name: 'b', dimensions: 200 },
  ];
  const mix = (seed: string, near?: string): Float32Array => {
    const vector = drawn(seed, 500);
    const towards = near === undefined ? vector : drawn(near, 500);
    return storedVector(
      [{ dimensions: 500, weightSteps: 1 }],
      [vector.map((value, axis) => value + 2 * towards[axis]!)],
    ).vector;
  };

  it('keeps cosines about as they are', () => {
    const project = signProjection(named, 'seed', 512);
    const pairs = Array.from(
      { length: 40 },
      (_, pair) => [mix(`a${pair}`), mix(`b${pair}`, `a${pair}`)] as const,
    );
    for (const [a, b] of pairs) {
      expect(product(project(a), project(a))).toBeCloseTo(1, 5);
      expect(Math.abs(product(project(a), project(b)) - product(a, b))).toBeLessThan(0.15);
    }
  });

  it('to fewer numbers is the beginning of the one to more', () => {
    const vector = mix('x');
    const [few, many] = [
      signProjection(named, 'seed', 24)(vector),
      signProjection(named, 'seed', 96)(vector),
    ];
    const scale = few[0]! / many[0]!;
    for (const [row, value] of few.entries()) expect(value).toBeCloseTo(scale * many[row]!, 5);
  });

  it('has 1 to 2,048 numbers', () => {
    for (const count of [0, -1, 1.5, 2_049, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => signProjection(named, 'seed', count)).toThrow('1 to 2048');
  });

  it('of a part does not depend on the other parts; another seed gives another one', () => {
    const alone = new Float32Array(500).fill(0);
    alone.set(drawn('x', 300));
    const turned = new Float32Array(500).fill(0);
    turned.set(drawn('x', 300), 200);
    const straight = signProjection(named, 'seed', 64)(alone);
    expect(signProjection(named.toReversed(), 'seed', 64)(turned)).toEqual(straight);
    expect(Math.abs(product(straight, signProjection(named, 'seed/2', 64)(alone)))).toBeLessThan(0.6);
  });
});

describe('compact vectors', () => {
  const small = storedVector(
    [
      { dimensions: 400, weightSteps: 64 },
      { dimensions: 300, weightSteps: 1 },
    ],
    [drawn('x', 400), drawn('y', 300)],
  ).vector;

  it('in a byte a number have unit length and nearly the same direction, also in a part of small weight', () => {
    const bytes = int8Vector(small, [400, 300]);
    const back = fromInt8(bytes, [400, 300]);
    expect(product(back, back)).toBeCloseTo(1, 6);
    expect(cosine(back, small)).toBeGreaterThan(0.9999);
    expect(cosine(back.subarray(400), small.subarray(400))).toBeGreaterThan(0.9999);
    const squares = Array.from(
      bytes.numbers,
      (value, axis) => (value * bytes.scales[axis < 400 ? 0 : 1]!) ** 2,
    );
    expect(squares.reduce((sum, square) => sum + square, 0)).toBeCloseTo(1, 5);
    expect(Math.max(...bytes.numbers.map(Math.abs))).toBe(127);
  });

  it('of zeros are zeros', () => {
    const bytes = int8Vector(new Float32Array(4), [3, 1]);
    expect([...bytes.numbers, ...bytes.scales]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...fromInt8(bytes, [3, 1])]).toEqual([0, 0, 0, 0]);
  });

  it('in a bit a number say what is above zero, the first in the highest bit', () => {
    expect([...signBits(Float32Array.of(1, -1, 0, 2, -3, 0.1, 0, -0, 5, 0, 0, 0, 0, 0, 0, 1))]).toEqual([
      0b10010100, 0b10000001,
    ]);
    expect(() => signBits(new Float32Array(9))).toThrow('multiple of 8');
  });
});

describe('windows of a long text', () => {
  it('are the text again, within their size and about equal, at blanks where there are any', () => {
    const words = 'the quick brown fox jumps over the lazy dog '.repeat(20);
    const windows = windowsOf(words, 200);
    expect(windows.join('')).toBe(words);
    for (const window of windows) {
      expect(window.length).toBeLessThanOrEqual(200);
      expect(window.length).toBeGreaterThan(90);
      expect(window.endsWith(' ')).toBe(true);
    }
    expect(windowsOf('short', 200)).toEqual(['short']);
    expect(windowsOf('', 200)).toEqual(['']);
  });

  it('do not cut a character in two', () => {
    const faces = '😀'.repeat(101);
    const windows = windowsOf(faces, 17);
    expect(windows.join('')).toBe(faces);
    expect(windows.every((window) => window.isWellFormed() && window.length <= 17)).toBe(true);
    expect(windowsOf('x'.repeat(1_000_000), 16).length).toBe(62_500);
  });

  it('are averaged as unit vectors', () => {
    expect([
      ...pooledVector(
        [
          [3, 4],
          [0, 10],
        ],
        2,
      )!,
    ]).toEqual([
      ...pooledVector(
        [
          [0.6, 0.8],
          [0, 1],
        ],
        2,
      )!,
    ]);
    expect(pooledVector([[3, 4]], 2)![0]).toBeCloseTo(0.6, 6);
    expect([
      ...pooledVector(
        [
          [1, 0],
          [-1, 0],
        ],
        2,
      )!,
    ]).toEqual([0, 0]);
    for (const junk of [undefined, [1, 2, 3], [Number.NaN, 1], [Number.POSITIVE_INFINITY, 1]])
      expect(pooledVector([[3, 4], junk], 2)).toBeUndefined();
  });
});
