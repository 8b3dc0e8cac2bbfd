import type { NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitFee } from '../../src/money/fees.ts';
import { splitServiceFee } from '../../src/money/service-fee.ts';
import { payShares } from '../../src/tasks/embedding/contribution/pay-shares.ts';

const node = (index: number): NodeId => index.toString(16).padStart(64, '0') as NodeId;
const fee = fc.bigInt(0n, 2n ** 62n);

describe('where every micro-credit goes', () => {
  it('is as the page says (docs/concepts/pay.md)', () => {
    const parts = [55n, 25n, 20n].map((added, index) => ({ node: node(index), weight: 1, added }));
    const split = splitServiceFee(1_000_000n, 200, payShares(parts, 2_000));
    expect(split.marketMicro).toBe(20_000n);
    expect(split.parts.map(({ amountMicro }) => amountMicro)).toEqual([540_282n, 244_507n, 195_211n]);
    expect(splitFee(1_000n, 200, 7_000)).toEqual({
      marketMicro: 20n,
      workerMicro: 686n,
      principalMicro: 294n,
    });
  });

  it('of a served request: to the market and the parts of the edition', () => {
    expect(
      splitServiceFee(1_000_000n, 200, [
        { node: node(1), millionths: 600_000 },
        { node: node(2), millionths: 400_000 },
      ]),
    ).toEqual({
      marketMicro: 20_000n,
      parts: [
        { node: node(1), amountMicro: 588_000n },
        { node: node(2), amountMicro: 392_000n },
      ],
    });
    const sums = fc.array(fc.bigInt(-(2n ** 90n), 2n ** 90n), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fee, fc.nat(10_000), sums, fc.nat(100_000), (feeMicro, cutBps, values, cost) => {
        const shares = payShares(
          values.map((added, index) => ({ node: node(index), weight: 1, added })),
          cost,
        );
        const { marketMicro, parts } = splitServiceFee(feeMicro, cutBps, shares);
        expect(parts.reduce((sum, { amountMicro }) => sum + amountMicro, marketMicro)).toBe(feeMicro);
        for (const { amountMicro } of parts) expect(amountMicro >= 0n).toBe(true);
        for (const [index, { millionths }] of shares.entries())
          if (millionths === 0) expect(parts[index]!.amountMicro).toBe(0n);
      }),
    );
  });

  it('of a text in an exam: to the market, its winner, and the friend who played for him', () => {
    expect(splitFee(1_000_000n, 200, 7_000)).toEqual({
      marketMicro: 20_000n,
      workerMicro: 686_000n,
      principalMicro: 294_000n,
    });
    fc.assert(
      fc.property(fee, fc.nat(10_000), fc.nat(10_000), (feeMicro, cutBps, askBps) => {
        const { marketMicro, workerMicro, principalMicro } = splitFee(feeMicro, cutBps, askBps);
        expect(marketMicro + workerMicro + principalMicro).toBe(feeMicro);
        // The market takes the same of both kinds of fee.
        expect(splitServiceFee(feeMicro, cutBps, [{ node: node(1), millionths: 1_000_000 }])).toEqual({
          marketMicro,
          parts: [{ node: node(1), amountMicro: workerMicro + principalMicro }],
        });
      }),
    );
  });
});
