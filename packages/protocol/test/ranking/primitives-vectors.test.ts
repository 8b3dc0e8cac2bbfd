import { describe, expect, test } from 'vitest';
import {
  clipColumns,
  emaWithAlpha,
  emaWithAlphaSparse,
  interpolate,
} from '../../src/ranking/dense-matrix.ts';
import { sigmoidSafe } from '../../src/ranking/exponential.ts';
import { splitEmission } from '../../src/ranking/mechanism-split.ts';
import { uidToPrune } from '../../src/ranking/prune-choice.ts';
import { isTopK, isTopKNonzero } from '../../src/ranking/top-k.ts';
import { isMaxLimited, maxUpscaleToU16 } from '../../src/ranking/upscale.ts';
import { weightedMedian, weightedMedianColumns } from '../../src/ranking/weighted-median.ts';
import { readVectors } from './vector-files.ts';

/** Vectors are loose JSON: each check below reads the fields that its function's cases have. */
// biome-ignore lint/suspicious/noExplicitAny: the cases of a file have different shapes
type Case = any;

const near = (actual: unknown, expected: unknown, tolerance: number): void => {
  if (Array.isArray(expected)) {
    expect((actual as unknown[]).length).toBe(expected.length);
    expected.forEach((item, index) => {
      near((actual as unknown[])[index], item, tolerance);
    });
  } else
    expect(
      Math.abs((actual as number) - (expected as number)),
      `${actual}, not ${expected}`,
    ).toBeLessThanOrEqual(tolerance);
};

const checks: Record<string, (item: Case, tolerance: number) => void> = {
  weighted_median: ({ stake, score, majority, expected }) =>
    expect(weightedMedian(stake, score, majority)).toBe(expected),
  weighted_median_col: ({ stake, scores, majority, expected }) =>
    expect(weightedMedianColumns(stake, scores, majority)).toEqual(expected),
  sigmoid_safe: ({ trust, rho, kappa, expected }, tolerance) => {
    // Upstream feeds its second case from float32 literals (0.4 is 0.40000000596), the first from doubles.
    const given: number[] = rho === 40 ? trust.map(Math.fround) : trust;
    near(
      given.map((value) => sigmoidSafe(value, rho, kappa)),
      expected,
      tolerance,
    );
  },
  is_topk: ({ v, k, expected }) => expect(isTopK(v, k).map(Number)).toEqual(expected),
  vec_max_upscale_to_u16: ({ v, expected }) => expect(maxUpscaleToU16(v)).toEqual(expected),
  vec_u16_max_upscale_to_u16: ({ v, expected }) => expect(maxUpscaleToU16(v)).toEqual(expected),
  check_vec_max_limited: ({ v, limit, expected }) => expect(isMaxLimited(v, limit)).toBe(expected),
  col_clip: ({ matrix, thresholds, expected }) => expect(clipColumns(matrix, thresholds)).toEqual(expected),
  interpolate: ({ a, b, ratio, expected }, tolerance) => near(interpolate(a, b, ratio), expected, tolerance),
  'mat_ema_alpha (clamped to [0,1])': ({ new: next, old, alpha, expected }, tolerance) =>
    near(emaWithAlpha(next, old, alpha), expected, tolerance),
  'mat_ema_alpha_sparse (drops columns absent from new row)': (item, tolerance) => {
    const toSparse = (rows: number[][]) => rows.map((row) => row.map((value, j) => [j, value] as const));
    const [next, old] = item.new
      ? [toSparse(item.new), toSparse(item.old)]
      : [item.new_sparse, item.old_sparse];
    const expected = item.expected ? toSparse(item.expected) : item.expected_sparse;
    near(emaWithAlphaSparse(next, old, item.alpha), expected, tolerance);
  },
};

interface MathVector {
  readonly function: string;
  readonly tolerance: number;
  readonly cases: Case[] | string;
}
const { vectors } = readVectors<{ vectors: MathVector[] }>('math_primitives');

for (const vector of vectors) {
  const { cases } = vector;
  // The sparse median's cases are said to be those of the dense one; `rankEpoch` is compared with it below.
  if (typeof cases === 'string') continue;
  describe(vector.function, () => {
    const numbered = cases.filter((item) => !('note' in item)).map((item, index) => ({ item, index }));
    test.each(numbered)('case $index', ({ item }) => {
      checks[vector.function]!(item, vector.tolerance);
    });
  });
}

describe('notes of math_primitives', () => {
  test('is_topk drops the lowest of equal indices first; is_topk_nonzero never takes a zero', () => {
    expect(isTopK([1, 1, 1, 0], 2)).toEqual([false, true, true, false]);
    expect(isTopKNonzero([0, 2, 0, 1], 3)).toEqual([false, true, false, true]);
    expect(isTopKNonzero([0, 2], 5)).toEqual([false, true]);
  });

  test('sigmoid_safe holds its exponent in [-20, 20]', () => {
    expect(sigmoidSafe(1, 40, 0)).toBe(sigmoidSafe(1, 20, 0));
  });

  test('mat_ema_alpha_sparse drops an old entry that the new row lacks', () => {
    const rows = emaWithAlphaSparse([[], [[1, 2]], [], []], [[[0, 1]], [], [], []], 0.1);
    near(rows, [[], [[1, 0.2]], [], []], 1e-8);
  });
});

describe('mechanism_split', () => {
  interface Split {
    readonly name: string;
    readonly mechanisms: number;
    readonly split: number[] | null;
    readonly emission: number;
    readonly expected: number[];
  }
  test.each(readVectors<{ vectors: Split[] }>('mechanism_split').vectors)('$name', (vector) => {
    const parts = splitEmission(BigInt(vector.emission), vector.mechanisms, vector.split);
    expect(parts.map(Number)).toEqual(vector.expected);
  });

  test('refuses proportions that pay out more than there is', () => {
    expect(() => splitEmission(100n, 2, [65_535, 65_535])).toThrow('pay out more than the emission');
  });

  test('mechanisms beyond the proportions get none, the remainder goes to the first', () => {
    expect(splitEmission(100n, 3, [0, 32_768])).toEqual([50n, 50n, 0n]);
  });
});

describe('pruning', () => {
  interface Prune {
    readonly name: string;
    readonly block?: number;
    readonly immunity_period?: number;
    readonly reg?: number[];
    readonly emission: number[];
    readonly owner_immortal: number[];
    readonly expected: number;
  }
  test.each(readVectors<{ vectors: Prune[] }>('pruning').vectors)('$name', (vector) => {
    // Where a vector gives no blocks, nobody is immune and all are as old.
    const blockAtRegistration = vector.reg ?? vector.emission.map(() => 0);
    const input = {
      block: vector.block ?? 12,
      immunityPeriod: vector.immunity_period ?? 0,
      emission: vector.emission,
      blockAtRegistration,
      ownerImmortal: vector.owner_immortal,
    };
    expect(uidToPrune(input)).toBe(vector.expected);
  });

  test('too few free uids: the worst immune one goes; only immortal ones: nobody', () => {
    const input = { block: 100, immunityPeriod: 50, emission: [5, 1, 2], blockAtRegistration: [0, 90, 90] };
    expect(uidToPrune({ ...input, minNonImmuneUids: 1 })).toBe(1);
    expect(uidToPrune({ ...input, ownerImmortal: [0, 1, 2] })).toBeNull();
  });
});
