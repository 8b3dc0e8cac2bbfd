import { type Hash, hashOf, type NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawByStake } from '../../src/draw/shard.ts';
import { drawStream } from '../../src/random/stream.ts';

const node = (index: number): NodeId => hashOf('test/node', index) as string as NodeId;
const candidates = (...stakes: bigint[]) =>
  stakes.map((stakeMicro, index) => ({ node: node(index), stakeMicro }));
const frequencies = (stakes: bigint[], capBps: number, count = 1, draws = 8_000): number[] => {
  const counts = stakes.map(() => 0);
  const everyone = candidates(...stakes);
  for (let draw = 0; draw < draws; draw += 1)
    for (const drawn of drawByStake(everyone, count, capBps, drawStream(`${draw}`, 'test')))
      counts[everyone.findIndex((candidate) => candidate.node === drawn)]! += 1;
  return counts.map((drawn) => drawn / draws);
};

describe('drawing by stake', () => {
  it('is in proportion to stake', () => {
    const [a, b, c] = frequencies([1n, 2n, 7n], 10_000);
    expect(a).toBeCloseTo(0.1, 1.5);
    expect(b).toBeCloseTo(0.2, 1.5);
    expect(c).toBeCloseTo(0.7, 1.5);
  });

  it('counts stake up to the cap only: twelve of whom one has 90 %', () => {
    const shares = frequencies([900n, ...new Array<bigint>(11).fill(100n / 11n)], 1_000);
    // 10 % of the total is 99; the others have 9 each: 99 / (99 + 99).
    expect(shares[0]).toBeCloseTo(0.5, 1.5);
  });

  it('splitting a stake among many nodes gains nothing below the cap', () => {
    const others = new Array<bigint>(8).fill(1_000n);
    const whole = frequencies([1_000n, ...others], 10_000);
    const split = frequencies([500n, 500n, ...others], 10_000);
    expect(split[0]! + split[1]!).toBeCloseTo(whole[0]!, 1.5);
  });

  it('takes nobody twice, nobody without stake, and no more than there are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(0n, 10n ** 15n), { maxLength: 12 }),
        fc.nat(15),
        fc.nat(10_000),
        fc.string(),
        (stakes, count, capBps, seed) => {
          const everyone = candidates(...stakes);
          const drawn = drawByStake(everyone, count, capBps, drawStream(seed, 'test'));
          const staked = everyone.filter(({ stakeMicro }) => stakeMicro > 0n);
          expect(drawn).toHaveLength(Math.min(count, staked.length));
          expect(new Set(drawn).size).toBe(drawn.length);
          expect(drawn.every((id) => staked.some((candidate) => candidate.node === id))).toBe(true);
          const shuffled = drawByStake([...everyone].reverse(), count, capBps, drawStream(seed, 'test'));
          expect(shuffled).toEqual(drawn);
        },
      ),
    );
  });

  it('stays exact where floating point would not', () => {
    const huge = 2n ** 62n;
    const drawn = new Set(
      Array.from(
        { length: 50 },
        (_, draw) =>
          drawByStake(candidates(huge, huge + 1n), 1, 10_000, drawStream(`${draw}` as Hash, 'x'))[0],
      ),
    );
    expect(drawn.size).toBe(2);
  });
});
