import { expect, test } from 'vitest';
import { raisedLossMillionths, runtimeSchema, toleranceMillionths } from '../../src/statements/runtime.ts';

const loose = (millionths: number) => ({ class: 'loose', toleranceMillionths: millionths }) as const;

test('the looser a runtime, the more its losses are raised; steady ones pay nothing', () => {
  expect(raisedLossMillionths({ class: 'exact' })).toBe(0);
  expect(raisedLossMillionths({ class: 'float32' })).toBe(0);
  // 3·√t less 3·√0.00001: at 0.0001 by 0.0205, at 0.01 by 0.2905.
  expect([11, 100, 1_000, 10_000].map((each) => raisedLossMillionths(loose(each)))).toEqual([
    463, 20_514, 85_382, 290_514,
  ]);
});

test('nobody says a tolerance below that of float32, or one beyond which nothing can be earned', () => {
  for (const millionths of [0, 10, 10_001, 1.5, -1])
    expect(runtimeSchema.safeParse(loose(millionths)).success).toBe(false);
  expect(toleranceMillionths(runtimeSchema.parse(loose(11)))).toBe(11);
  expect(toleranceMillionths({ class: 'float32' })).toBe(10);
});
