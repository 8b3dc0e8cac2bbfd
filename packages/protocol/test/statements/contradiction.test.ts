import { keyPairFromSeed, type MarketId, type NodeId, sha256 } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contradictionOf, differ } from '../../src/statements/contradiction.ts';
import { modelVersionHash, textHashOf } from '../../src/statements/version-hash.ts';
import { quantise } from '../../src/tasks/embedding/vector.ts';
import { answerOf, bytesOf, expert, stated, versionOf } from './statement-fixture.ts';

const version = versionOf();
const [north, east] = [
  [32_767, 0, 0, 0],
  [0, 32_767, 0, 0],
];
const say = (vector: readonly number[], text = 'a text', ...rest: [number?, object?]) =>
  stated([answerOf('another', [1, 2, 3, 4]), answerOf(text, vector)], 1, rest[1] ?? {});

describe('two statements of a node', () => {
  test('contradict one another when one text has two vectors, whatever lists they are in', () => {
    const served = stated([answerOf('a text', east)], 0, { epoch: 7 });
    expect(contradictionOf(say(north), served, version)).toEqual({
      network: 'test-net',
      market: 'text-embedding',
      node: expert.publicKey,
      version: modelVersionHash(version),
      text: served.text,
      epoch: 7,
    });
    expect(contradictionOf(served, say(north), version)).toEqual(
      contradictionOf(say(north), served, version),
    );
    const both = [answerOf('a text', north), answerOf('a text', east)];
    expect(contradictionOf(stated(both, 0), stated(both, 1), version)).toBeDefined();
  });

  test('do not when they say the same, are of two texts, versions, nodes, markets or networks', () => {
    expect(contradictionOf(say(north), say(north), version)).toBeUndefined();
    expect(contradictionOf(say(north), say(east, 'b text'), version)).toBeUndefined();
    const second = versionOf({ class: 'float32' }, 2);
    const underSecond = { version: modelVersionHash(second) };
    const fresh = stated([answerOf('a text', east, 2)], 0, underSecond);
    const framed = stated([answerOf('a text', east, 1)], 0, underSecond);
    for (const mixed of [fresh, framed])
      for (const of of [version, second]) {
        expect(contradictionOf(say(north), mixed, of)).toBeUndefined();
        expect(contradictionOf(mixed, say(north), of)).toBeUndefined();
      }
    const stranger = keyPairFromSeed(sha256(Buffer.from('stranger')));
    const others = [
      { network: 'other-net' },
      { market: 'other-market' as MarketId },
      { node: stranger.publicKey as NodeId },
    ];
    for (const changes of others)
      expect(contradictionOf(say(north), say(east, 'a text', 0, changes), version)).toBeUndefined();
  });

  test('do not when a pair is not in its list, or the version beside them is not the one they name', () => {
    const moved = { ...say(east), vector: bytesOf(0, 0, 32_767, 0) };
    expect(contradictionOf(say(north), moved, version)).toBeUndefined();
    expect(contradictionOf(moved, say(north), version)).toBeUndefined();
    const stricter = { ...version, runtime: { class: 'exact' } as const };
    expect(contradictionOf(say(north), say(north.with(1, 1)), stricter)).toBeUndefined();
  });

  test('contradict one another by their dimensions alone', () => {
    expect(contradictionOf(say(north), say([32_767, 0, 0]), version)).toBeDefined();
    expect(contradictionOf(say([0, 0]), say([0]), version)).toBeDefined();
  });

  test('are held to the class of their version', () => {
    const nearly = north.with(1, 300);
    const under = (runtime: Parameters<typeof versionOf>[0], number: number) => {
      const of = versionOf(runtime, number);
      const changes = { version: modelVersionHash(of) };
      const [a, b] = [north, nearly].map((vector) => stated([answerOf('a text', vector)], 0, changes));
      return contradictionOf(a!, b!, of) !== undefined;
    };
    expect(under({ class: 'exact' }, 1)).toBe(true);
    // 1 − cos is 4.2e-5.
    expect(under({ class: 'float32' }, 1)).toBe(true);
    expect(under({ class: 'loose', toleranceMillionths: 41 }, 1)).toBe(true);
    expect(under({ class: 'loose', toleranceMillionths: 42 }, 1)).toBe(false);
  });
});

describe('the difference of two vectors', () => {
  test('is exact within and just beyond the tolerance', () => {
    // |a − b|² = 2·10⁻⁵·|a|² exactly at a = (100,000/k …): 20,000² · 2 · 10⁻⁵ = 8,000 = 80² + 40².
    const a = bytesOf(20_000, 0, 0);
    expect(differ(a, bytesOf(20_000, 80, 40), 10)).toBe(false);
    expect(differ(bytesOf(20_000, 80, 40), a, 10)).toBe(false);
    expect(differ(a, bytesOf(20_000, 80, 41), 10)).toBe(true);
    expect(differ(a, bytesOf(20_000, 81, 40), 10)).toBe(true);
    expect(differ(a, bytesOf(20_001, 0, 0), 0)).toBe(true);
    expect(differ(a, a, 0)).toBe(false);
  });

  test('holds for zero, opposite, short and the longest vectors', () => {
    const zero = bytesOf(0, 0);
    expect(differ(zero, zero, 10)).toBe(false);
    expect(differ(zero, bytesOf(1, 0), 10_000)).toBe(true);
    expect(differ(bytesOf(5, 5), bytesOf(-5, -5), 10_000)).toBe(true);
    // The same direction at two lengths: a short vector loses other pairs of an exam.
    expect(differ(bytesOf(32_000, 0), bytesOf(16_000, 0), 10_000)).toBe(true);
    const longest = bytesOf(...new Array<number>(4_096).fill(-32_768));
    const opposite = bytesOf(...new Array<number>(4_096).fill(32_767));
    expect(differ(longest, opposite, 10_000)).toBe(true);
    expect(differ(longest, longest, 0)).toBe(false);
    // One unit in one of 4,096 numbers is seen where nothing is allowed.
    const last = new Int16Array(4_096).fill(-32_768).with(4_095, -32_767);
    expect(differ(longest, new Uint8Array(last.buffer), 0)).toBe(true);
  });

  test('does not change with the order of the two, nor with that of the numbers', () => {
    const numbers = fc.array(
      fc.tuple(fc.integer({ min: -32_768, max: 32_767 }), fc.integer({ min: -3, max: 3 })),
      {
        minLength: 1,
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(numbers, fc.constantFrom(0, 10, 1_000), (pairs, tolerance) => {
        const a = pairs.map(([value]) => value);
        const b = pairs.map(([value, step]) => Math.max(-32_768, Math.min(32_767, value + step)));
        const found = differ(bytesOf(...a), bytesOf(...b), tolerance);
        expect(differ(bytesOf(...b), bytesOf(...a), tolerance)).toBe(found);
        expect(differ(bytesOf(...a.toReversed()), bytesOf(...b.toReversed()), tolerance)).toBe(found);
      }),
    );
  });
});

describe('an honest expert', () => {
  /** Unit vector whose direction is `gap` in 1 − cosine away from the first. */
  function pairAt(dimensions: number, gap: number, seed: number): [Float32Array, Float32Array] {
    const at = (salt: number) => (index: number) => {
      const bytes = sha256(Buffer.from(`${seed}/${salt}/${index}`));
      return bytes[0]! + bytes[1]! / 256 - 127.5;
    };
    const unit = (vector: readonly number[]): number[] => {
      const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
      return vector.map((value) => value / length);
    };
    const a = unit(Array.from({ length: dimensions }, (_, index) => at(1)(index)));
    const raw = Array.from({ length: dimensions }, (_, index) => at(2)(index));
    const along = raw.reduce((sum, value, index) => sum + value * a[index]!, 0);
    const aside = unit(raw.map((value, index) => value - along * a[index]!));
    const cosine = 1 - gap;
    const sine = Math.sqrt(1 - cosine * cosine);
    return [
      Float32Array.from(a),
      Float32Array.from(a, (value, index) => cosine * value + sine * aside[index]!),
    ];
  }

  test('that keeps within half of the tolerance is never guilty by rounding, in any dimension', () => {
    for (const dimensions of [2, 3, 17, 100, 384, 1_024, 4_096])
      for (let seed = 0; seed < 6; seed++) {
        const [a, b] = pairAt(dimensions, 5e-6, seed).map(quantise);
        expect(differ(new Uint8Array(a!.buffer), new Uint8Array(b!.buffer), 10), `${dimensions}`).toBe(false);
      }
  });

  test('is told from one that is two tolerances away', () => {
    for (const dimensions of [2, 17, 384, 4_096])
      for (let seed = 0; seed < 6; seed++) {
        const [a, b] = pairAt(dimensions, 2e-5, seed).map(quantise);
        expect(differ(new Uint8Array(a!.buffer), new Uint8Array(b!.buffer), 10), `${dimensions}`).toBe(true);
      }
  });

  test('whose every number was rounded the other way keeps within the tolerance', () => {
    // The worst that rounding can do to two answers that were the same before: one unit in each number.
    for (const dimensions of [1, 384, 4_096]) {
      const each = Math.floor(32_767 / Math.sqrt(dimensions));
      const a = new Int16Array(dimensions).fill(each);
      const b = a.map((value, index) => value - (index % 2));
      expect(differ(new Uint8Array(a.buffer), new Uint8Array(b.buffer), 10)).toBe(false);
    }
  });

  test('gives one text one hash, so nobody can show one of its texts as another', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, two) => {
        fc.pre(one.isWellFormed() && two.isWellFormed());
        const key = version.textKey;
        expect(textHashOf(key, one) === textHashOf(key, two)).toBe(one === two);
      }),
    );
  });
});
