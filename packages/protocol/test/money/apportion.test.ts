import fc from 'fast-check';
import { expect, it } from 'vitest';
import { apportion } from '../../src/money/apportion.ts';

it('gives whole parts that add up and are less than one away from the exact ones', () => {
  const claims = fc.array(fc.bigInt(0n, 2n ** 80n), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 62n), claims, (total, values) => {
      const sum = values.reduce((a, b) => a + b, 0n);
      fc.pre(sum > 0n);
      const parts = apportion(
        total,
        values.map((claim, index) => ({ id: String(index), claim })),
      );
      expect(parts.reduce((a, b) => a + b, 0n)).toBe(total);
      for (const [index, part] of parts.entries()) {
        const off = part * sum - total * values[index]!;
        expect(off < sum && off > -sum).toBe(true);
      }
    }),
  );
});

it('decides ties by id, not by the order', () => {
  const of = (...ids: string[]) =>
    apportion(
      1n,
      ids.map((id) => ({ id, claim: 1n })),
    );
  expect(of('b', 'a')).toEqual([0n, 1n]);
  expect(of('a', 'b')).toEqual([1n, 0n]);
});
