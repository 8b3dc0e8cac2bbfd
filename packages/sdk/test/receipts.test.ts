import { createGateway } from '@market-of-experts/gateway';
import { longText, openTestMarket, temporaryDirectory } from '@market-of-experts/testing/test-market';
import { describe, expect, it } from 'vitest';
import { createMarketClient } from '../src/index.ts';
import { verifyReceipt } from '../src/receipts.ts';

describe('a receipt', () => {
  it('is recomputed as soon as there is an answer, and as it was kept', async () => {
    const directory = temporaryDirectory();
    const running = await openTestMarket(directory.path);
    const gateway = await createGateway({ service: running.service, port: 0, limits: { closeGraceMs: 0 } });
    try {
      const market = createMarketClient({ url: gateway.url, apiKey: running.apiKey });
      for (const text of [longText(1), 'short']) {
        const { receipts } = await market.embed([text], { model: 'text-embedding', mode: 'shard' });
        const { isRight, checks, receipt } = await verifyReceipt(market, receipts[0]!);
        expect(checks.filter(({ ok }) => !ok)).toEqual([]);
        expect(isRight).toBe(true);
        expect(receipt.id).toBe(receipts[0]);
        const kept = JSON.parse(JSON.stringify(receipt)) as Record<string, unknown>;
        expect((await verifyReceipt(market, kept)).isRight).toBe(true);
        expect((await verifyReceipt(market, { ...kept, feeMicro: '1' })).isRight).toBe(false);
      }
    } finally {
      await gateway.close();
      await running.close();
      directory.remove();
    }
  });

  it('that is not signed yet is waited for, and one that never is fails', async () => {
    let asked = 0;
    const market = (signedAt: number) => ({
      receipt: async () => ({ id: 'r', status: ++asked < signedAt ? 'open' : 'pending' }),
      blob: () => Promise.reject(new Error('There is none.')),
    });
    expect((await verifyReceipt(market(3), 'r')).receipt.status).toBe('pending');
    expect(asked).toBe(3);
    const stop = new AbortController();
    const waiting = verifyReceipt(market(Number.POSITIVE_INFINITY), 'r', { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'request-aborted' });
    expect(await verifyReceipt(market(0), { id: 'r' })).toMatchObject({ isRight: false });
  });
});
