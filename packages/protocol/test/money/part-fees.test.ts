import { hashOf, type NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion } from '../../src/money/apportion.ts';
import { partFees } from '../../src/money/part-fees.ts';
import type { PayShare } from '../../src/money/service-fee.ts';

const node = (index: number): NodeId => hashOf('test/node', index) as string as NodeId;
const sharesOf = (...millionths: number[]): PayShare[] =>
  millionths.map((each, index) => ({ node: node(index), millionths: each }));
const anyShares = fc
  .array(fc.nat(1_000), { minLength: 1, maxLength: 8 })
  .filter((claims) => claims.some((claim) => claim > 0))
  .map((claims) =>
    sharesOf(
      ...apportion(
        1_000_000n,
        claims.map((claim, index) => ({ id: String(index), claim: BigInt(claim) })),
      ).map(Number),
    ),
  );

describe('the fee of a text', () => {
  it('is divided by the shares, to the last micro-credit', () => {
    expect(partFees()(1_000n, sharesOf(540_282, 244_507, 215_211))).toEqual([540n, 245n, 215n]);
    expect(partFees()(0n, sharesOf(500_000, 500_000))).toEqual([0n, 0n]);
    expect(partFees()(7n, sharesOf(1_000_000))).toEqual([7n]);
  });

  it('of one micro-credit goes to everybody in turn, as often as his share says', () => {
    const split = partFees();
    const shares = sharesOf(600_000, 300_000, 100_000);
    const got = [0n, 0n, 0n];
    for (let text = 0; text < 1_000; text += 1)
      for (const [index, fee] of split(1n, shares).entries()) got[index]! += fee;
    expect(got).toEqual([600n, 300n, 100n]);
  });

  it('adds up for any shares and fees, is never below 0, and in the long run within two micro-credits of the share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyShares, fc.array(fc.bigInt(0n, 5_000n), { minLength: 1, maxLength: 40 })), {
          minLength: 1,
          maxLength: 3,
        }),
        (editions) => {
          const split = partFees();
          const due = new Map<NodeId, bigint>();
          for (const [shares, fees] of editions)
            for (const fee of fees) {
              const parts = split(fee, shares);
              expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(fee);
              for (const [index, part] of parts.entries()) {
                expect(part >= 0n).toBe(true);
                const { node: to, millionths } = shares[index]!;
                due.set(to, (due.get(to) ?? 0n) + fee * BigInt(millionths) - part * 1_000_000n);
              }
            }
          for (const owed of due.values()) expect(owed <= 8_000_000n && owed >= -8_000_000n).toBe(true);
          if (editions.length === 1)
            for (const owed of due.values()) expect(owed <= 2_000_000n && owed >= -2_000_000n).toBe(true);
        },
      ),
    );
  });
});
