import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dotSession } from '../../../src/tasks/embedding/dot-kernel.ts';

/** Exact, in the kernel's 32 bits. */
const plain = (a: Int16Array, b: Int16Array): number =>
  Number(
    BigInt.asIntN(
      32,
      a.reduce((sum, value, axis) => sum + BigInt(value) * BigInt(b[axis]!), 0n),
    ),
  );

const vectors = fc
  .tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 6 }))
  .chain(([dimension, count]) =>
    fc.array(
      fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: dimension, maxLength: dimension }),
      { minLength: count, maxLength: count },
    ),
  )
  .map((rows) => rows.map((row) => Int16Array.from(row)));

describe('dot kernel', () => {
  it('gives what plain arithmetic gives, in every dimension', () => {
    fc.assert(
      fc.property(vectors, (rows) => {
        const session = dotSession(rows[0]!.length, 2 * rows.length + 1, rows.length);
        const query = session.load([rows.at(-1)!]);
        const a = session.load(rows);
        const b = session.load([...rows].reverse());
        expect([...session.each(query, a)]).toEqual(rows.map((row) => plain(rows.at(-1)!, row)));
        expect([...session.pairs(a, b)]).toEqual(
          rows.map((row, index) => plain(row, rows[rows.length - 1 - index]!)),
        );
        expect([...session.sum([a, query])]).toEqual(
          Array.from(rows[0]!, (_, axis) =>
            [...rows, rows.at(-1)!].reduce((sum, row) => sum + row[axis]!, 0),
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('is not disturbed by what an earlier session left behind', () => {
    const dirty = dotSession(33, 40, 4);
    dirty.load(Array.from({ length: 40 }, () => new Int16Array(33).fill(-1)));
    const session = dotSession(3, 2, 1);
    const a = session.load([Int16Array.of(1, 2, 3)]);
    const b = session.load([Int16Array.of(4, 5, 6)]);
    expect([...session.pairs(a, b)]).toEqual([32]);
  });

  it('grows its memory when it must, and keeps results that were given out', () => {
    const small = dotSession(2, 2, 1);
    const result = small.each(small.load([Int16Array.of(3, 4)]), small.load([Int16Array.of(3, 4)]));
    const count = 5_000;
    const session = dotSession(384, count + 1, count);
    const rows = Array.from({ length: count }, (_, index) => new Int16Array(384).fill(index % 50));
    const query = session.load([new Int16Array(384).fill(2)]);
    const products = session.each(query, session.load(rows));
    expect(products[49]).toBe(2 * 384 * 49);
    expect(products[count - 1]).toBe(2 * 384 * ((count - 1) % 50));
    expect([...result]).toEqual([25]);
  });
});
