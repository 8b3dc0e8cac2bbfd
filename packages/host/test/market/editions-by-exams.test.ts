import { setTimeout as delay } from 'node:timers/promises';
import { verifyEditions } from '@market-of-experts/receipts/verify-choice';
import { founders, longText, withTestMarket } from '@market-of-experts/testing/test-market';
import { expect, it } from 'vitest';
import { type EmbeddedMarket, embeddedMarketId, partOf } from '../../src/embedded-market.ts';

const batches = 5;
const textsOfBatch = 24;

/** Checks that do not agree, of a market's only edition. */
async function wrongIn({ service, ledger }: EmbeddedMarket): Promise<readonly unknown[]> {
  const fetchBlob = async (hash: string): Promise<Uint8Array> => {
    const bytes = await service.blob(hash as never);
    if (bytes === undefined) throw new Error(`There is no blob ${hash}.`);
    return bytes;
  };
  const editions = service.ledger.editions(embeddedMarketId);
  const [verified] = await verifyEditions(editions, ledger.settings().rules, fetchBlob);
  expect(verified!.parts).toHaveLength(2);
  return verified!.checks.filter(({ ok }) => !ok);
}

it('exams say what the parts of an edition are paid; anybody recomputes it, also from the next process', async () => {
  const parts = founders.slice(0, 2).map(partOf);
  await withTestMarket({ parts, epochMs: 3_000 }, async (opened) => {
    const { market } = opened;
    for (let batch = 0; batch < batches; batch += 1)
      await market.service.serve({
        account: market.clientAccount,
        market: embeddedMarketId,
        texts: Array.from({ length: textsOfBatch }, (_, index) => longText(textsOfBatch * batch + index)),
        mode: 'shard',
      });
    const sharesOf = () => market.ledger.editions(embeddedMarketId)[0]!.shares;
    while (sharesOf() === undefined) await delay(50);
    const { millionths, exams } = sharesOf()!;
    expect(millionths.reduce((sum, each) => sum + each, 0)).toBe(1_000_000);
    expect(exams.texts).toBeGreaterThanOrEqual(100);
    expect(await wrongIn(market)).toEqual([]);
    await opened.reopen();
    expect(await wrongIn(opened.market)).toEqual([]);
    expect(opened.warnings).toEqual([]);
  });
});
