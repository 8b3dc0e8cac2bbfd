import { BPS, hashOf, type NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { drawByStake } from '../../src/draw/shard.ts';
import type { Candidate } from '../../src/draw/stake-table.ts';
import { type DrawStream, drawStream } from '../../src/random/stream.ts';

/** The rule as it reads: a pool from which whoever is drawn is taken out. Draws of old jobs were made by it. */
function drawFromPool(
  candidates: readonly Candidate[],
  count: number,
  capBps: number,
  stream: DrawStream,
): NodeId[] {
  const total = candidates.reduce((sum, candidate) => sum + candidate.stakeMicro, 0n);
  const cap = (total * BigInt(capBps)) / BPS;
  const pool = [...candidates]
    .sort((a, b) => (a.node < b.node ? -1 : 1))
    .map(({ node, stakeMicro }) => ({
      node,
      weight: stakeMicro < cap ? stakeMicro : cap > 0n ? cap : stakeMicro,
    }));
  const drawn: NodeId[] = [];
  let weightLeft = pool.reduce((sum, { weight }) => sum + weight, 0n);
  while (drawn.length < count && pool.length > 0 && weightLeft > 0n) {
    let point = stream.belowBig(weightLeft);
    const index = pool.findIndex(({ weight }) => {
      if (point < weight) return true;
      point -= weight;
      return false;
    });
    const [chosen] = pool.splice(index, 1);
    weightLeft -= chosen!.weight;
    drawn.push(chosen!.node);
  }
  return drawn;
}

const stakes = fc.array(fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, 10n ** 15n)), { maxLength: 40 });

it('a draw from sums is the draw from a pool, also the second and third from the same list', () => {
  fc.assert(
    fc.property(stakes, fc.nat(45), fc.nat(10_000), fc.string(), (amounts, count, capBps, seed) => {
      const candidates = amounts.map((stakeMicro, index) => ({
        node: hashOf('test/node', index) as string as NodeId,
        stakeMicro,
      }));
      for (const label of ['first', 'second', 'third'])
        expect(drawByStake(candidates, count, capBps, drawStream(seed, label))).toEqual(
          drawFromPool(candidates, count, capBps, drawStream(seed, label)),
        );
    }),
    { numRuns: 500 },
  );
});
