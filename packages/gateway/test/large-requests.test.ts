import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../src/gateway.ts';
import type { GatewayLimits } from '../src/limits.ts';
import { createMemoryBudget } from '../src/memory-budget.ts';
import { createSimulatedMarket, type SimulatedMarket } from './simulated-market.ts';

let market: SimulatedMarket;
let gateway: Gateway;

async function start(limits: Partial<GatewayLimits>): Promise<void> {
  market = createSimulatedMarket();
  gateway = await createGateway({ service: market, port: 0, limits });
}
afterEach(async () => {
  market?.release();
  await gateway?.close();
});

const post = (input: string | readonly string[]) =>
  fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${market.apiKey}` },
    body: JSON.stringify({ model: 'text-embedding', input }),
  });
const many = Array.from({ length: 1_000 }, (_, number) => `text ${number}`);

it('a request at work outlives the time without traffic', async () => {
  await start({ socketTimeoutMs: 2_000 });
  market.hold();
  const answer = post(many.slice(0, 20));
  await expect.poll(() => market.waiting.length).toBe(1);
  await sleep(5_000);
  market.release();
  const response = await answer;
  expect(response.status).toBe(200);
  expect(((await response.json()) as { data: unknown[] }).data).toHaveLength(20);
});

it('large requests are bounded by what they hold together, and leave room for small ones', async () => {
  await start({ maxHeldBytes: 8 * 1024 * 1024 });
  market.hold();
  const first = post(many);
  await expect.poll(() => market.waiting.length).toBe(1);
  const refused = await post(many);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, expect.any(String)]);
  expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  const small = post('a text');
  await expect.poll(() => market.waiting.length).toBe(2);
  market.release();
  for (const response of [await first, await small, await post(many)]) {
    expect(response.status).toBe(200);
    await response.text();
  }
});

it('one request alone is never too large for the budget, and all of it is given back', () => {
  const budget = createMemoryBudget(100);
  const release = budget.take(1_000);
  expect(() => budget.take(1)).toThrow(expect.objectContaining({ code: 'queue-full', isRetryable: true }));
  release();
  for (const give of [budget.take(60), budget.take(40)]) give();
  budget.take(100)();
});
