import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { domainTree } from './domain-tree.ts';

const dimensions = 4;
const vectors = fc
  .array(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: dimensions, maxLength: dimensions }), {
    minLength: 8,
    maxLength: 60,
  })
  .map((rows) =>
    Float32Array.from(
      rows.flatMap((row) => {
        const length = Math.hypot(...row) || 1;
        return row.map((value) => value / length);
      }),
    ),
  );

describe('domainTree', () => {
  it('deals every row to one domain of each level, halves of equal size, each inside its parent', () => {
    fc.assert(
      fc.property(vectors, (rows) => {
        const tree = domainTree(rows, dimensions, 3, 'test');
        const count = rows.length / dimensions;
        for (const [level, domains] of tree.entries()) {
          expect(domains).toHaveLength(2 ** level);
          expect(domains.flat().sort((a, b) => a - b)).toEqual(
            Array.from({ length: count }, (_, row) => row),
          );
          const sizes = domains.map(({ length }) => length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1 + level);
          if (level > 0)
            for (const [domain, inside] of domains.entries())
              expect(tree[level - 1]![domain >> 1]).toEqual(expect.arrayContaining([...inside]));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('separates what lies apart', () => {
    const sides = [0, 1, 0, 1, 1, 0, 0, 1];
    const rows = Float32Array.from(sides.flatMap((side) => (side === 0 ? [1, 0, 0, 0] : [0, 0, 1, 0])));
    const [, halves] = domainTree(rows, dimensions, 1, 'test');
    for (const half of halves!) expect(new Set(half.map((row) => sides[row])).size).toBe(1);
  });
});
