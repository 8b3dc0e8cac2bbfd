import { expect, it } from 'vitest';
import { mixVectors } from '../../../src/tasks/embedding/mix-vectors.ts';

it('a mix of vectors has unit length; weight 0 takes no part', () => {
  const nan = new Float32Array(2).fill(Number.NaN);
  const mixed = mixVectors([Float32Array.of(1, 0), Float32Array.of(0, 1), nan], [0.5, 0.5, 0]);
  expect(mixed[0]).toBeCloseTo(Math.SQRT1_2, 6);
  expect(Math.hypot(...mixed)).toBeCloseTo(1, 6);
  expect([...mixVectors([Float32Array.of(1, 0), Float32Array.of(-1, 0)], [0.5, 0.5])]).toEqual([0, 0]);
});
