import type { MarketService, ServeRequest } from '@market-of-experts/api/market-service';
import type { MarketListing } from '@market-of-experts/api/models';
import type { ServedMarket } from '@market-of-experts/api/status';
import { type MarketId, MoeError } from '@market-of-experts/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../src/gateway.ts';
import { createSimulatedMarket, type SimulatedMarket } from './simulated-market.ts';

/** The simulated market, beside one that closes and one that this node does not serve. */
const second = 'second-market' as MarketId;
const elsewhere = 'elsewhere' as MarketId;
let market: SimulatedMarket;
let gateway: Gateway;
const asked: ServeRequest[] = [];
const regionsOf: (MarketId | undefined)[] = [];

beforeEach(async () => {
  asked.length = 0;
  regionsOf.length = 0;
  market = createSimulatedMarket();
  const [first] = market.markets();
  const listings: MarketListing[] = [
    first!,
    { ...first!, id: second, aliases: [second], maxTextBytes: 100, state: 'closing', closesAtEpoch: 9 },
    { ...first!, id: elsewhere, aliases: [elsewhere], state: 'not-served', reason: 'its space is another' },
  ];
  const served = (id: MarketId, certified: number): ServedMarket => ({
    ...market.status(),
    id,
    state: 'serving',
    jobs: { certified, routed: 0, refunded: 0 },
    settledMicro: BigInt(certified) * 1_000_000n,
  });
  const service: MarketService = {
    ...market,
    markets: () => listings,
    serve: async (request) => {
      if (request.market === elsewhere)
        throw new MoeError('market-not-served', 'This node does not serve it: its space is another.', {
          metadata: { param: 'model' },
        });
      asked.push(request);
      return market.serve(request);
    },
    balance: (_account, id) => ({
      availableMicro: id === second ? 7n : 5n,
      reservedMicro: 0n,
      ...(id === second ? { leaving: { amountMicro: 3n, fromEpoch: 12 } } : {}),
    }),
    regions: async (options) => {
      regionsOf.push(options?.market);
      return [];
    },
    status: () => ({
      ...market.status(),
      markets: listings,
      served: [served(first!.id, 3), served(second, 8)],
    }),
  };
  gateway = await createGateway({ service, port: 0 });
});
afterEach(() => gateway.close());

const headers = () => ({ authorization: `Bearer ${market.apiKey}`, 'content-type': 'application/json' });
const get = (path: string) => fetch(`${gateway.url}${path}`, { headers: headers() });
const embed = (model: string, input: string) =>
  fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify({ model, input }),
  });

it('a request is served in the market that it names, with the limits of that market', async () => {
  const answer = await embed(second, 'The ship sails at dawn.');
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ model: second });
  expect(asked.map((request) => request.market)).toEqual([second]);
  const long = await embed(second, 'x'.repeat(101));
  expect(long.status).toBe(400);
  expect((await embed('text-embedding', 'x'.repeat(101))).status).toBe(200);
});

it('a market that this node does not serve is listed with its reason, and refused with it', async () => {
  const { data } = (await (await get('/v1/models')).json()) as { data: { id: string; moe: object }[] };
  expect(data).toMatchObject([
    { id: 'text-embedding', moe: { state: 'serving' } },
    { id: second, moe: { state: 'closing', closesAtEpoch: 9 } },
    { id: elsewhere, moe: { state: 'not-served', reason: 'its space is another' } },
  ]);
  const refused = await embed(elsewhere, 'The ship sails at dawn.');
  expect(refused.status).toBe(404);
  expect(await refused.json()).toMatchObject({
    error: {
      code: 'market_not_served',
      param: 'model',
      message: expect.stringContaining('its space is another'),
    },
  });
});

it('embeds in markets of embeddings only', async () => {
  const [first] = market.markets();
  const other = { ...first!, id: 'translation' as MarketId, aliases: ['translation'], task: 'translation' };
  const mixed = await createGateway({ service: { ...market, markets: () => [other, first!] }, port: 0 });
  try {
    const ask = (model: string) =>
      fetch(`${mixed.url}/v1/embeddings`, {
        method: 'POST',
        headers: headers(),
        body: JSON.stringify({ model, input: 'The ship sails at dawn.' }),
      });
    expect((await ask('text-embedding')).status).toBe(200);
    const refused = await ask('translation');
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ error: { param: 'model' } });
  } finally {
    await mixed.close();
  }
});

it('balances and metrics name every market that is served', async () => {
  expect(await (await get('/v1/balance')).json()).toMatchObject({
    availableMicro: '5',
    markets: [
      { market: 'text-embedding', availableMicro: '5' },
      {
        market: second,
        availableMicro: '7',
        reservedMicro: '0',
        leaving: { amountMicro: '3', fromEpoch: 12 },
      },
    ],
  });
  const metrics = await (await get('/metrics')).text();
  expect(metrics).toContain('moe_market_jobs_total{market="text-embedding",outcome="certified"} 3');
  expect(metrics).toContain(`moe_market_jobs_total{market="${second}",outcome="certified"} 8`);
  expect(metrics).toContain(`moe_market_settled_credits_total{market="${second}"} 8`);
  expect(metrics).toContain(`moe_market_experts{market="${second}",state="serving"} 5`);
  expect(metrics).toContain(`moe_market_pending_receipts{market="${second}"} 0`);
});

it('regions are those of the market that is asked about, each kept apart', async () => {
  for (const query of ['', `?market=${second}`, '?market=text-embedding', `?market=${second}`])
    expect((await get(`/v1/regions${query}`)).status).toBe(200);
  expect(regionsOf).toEqual([undefined, second, 'text-embedding']);
  expect((await get('/v1/regions?market=nowhere')).status).toBe(404);
});
