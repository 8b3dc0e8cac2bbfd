import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ledgerService } from '@market-of-experts/host/service/ledger-service';
import { afterEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway, type GatewayInit } from '../src/gateway.ts';
import { keylessCost } from '../src/keyless-costs.ts';
import { defaultLimits } from '../src/limits.ts';
import { readJson } from '../src/read-json.ts';
import { createWorkBudget } from '../src/work-budget.ts';
import { openMemoryLedger } from './memory-ledger.ts';
import { createSimulatedMarket, type SimulatedMarket } from './simulated-market.ts';

let gateway: Gateway;
let market: SimulatedMarket;
let clockMs = 0;
const closers: (() => Promise<unknown>)[] = [];

async function start(init: Partial<GatewayInit> = {}): Promise<void> {
  clockMs = 0;
  const memory = await openMemoryLedger();
  market = createSimulatedMarket({ ledger: ledgerService(memory.ledger) });
  gateway = await createGateway({
    service: market,
    port: 0,
    demoKey: 'moe-key-rich',
    nowMs: () => clockMs,
    ...init,
  });
  closers.push(
    () => gateway.close(),
    () => memory.ledger.close(),
  );
  draft = { kind: 'transfer', from: memory.alice.address, to: memory.bob, amountMicro: '1000000' };
}
let draft: Record<string, unknown>;

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const post = (path: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: body as string,
  });
const withKey = () => ({ authorization: `Bearer ${market.apiKey}` });
const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;

/** Longest time in ms for which nobody else was served; the shortest of three tries, since other processes disturb it. */
async function longestBlockMs(task: () => Promise<unknown>): Promise<number> {
  const tries: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    const delays = monitorEventLoopDelay({ resolution: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    delays.enable();
    await task();
    await new Promise((resolve) => setTimeout(resolve, 5));
    delays.disable();
    tries.push(delays.max / 1e6);
  }
  return Math.min(...tries);
}

const megabytes = 8 * 1024 * 1024;
/** A body that a client may send, of the same size. */
const honest = Buffer.from(JSON.stringify({ model: 'text-embedding', input: 'x'.repeat(megabytes - 100) }));

describe('what a stranger may cost', () => {
  it('refuses megabytes of brackets before it reads them, without a key', async () => {
    await start();
    const baselineMs = await longestBlockMs(() => post('/v1/embeddings', honest, withKey()));
    const brackets = Buffer.alloc(megabytes, '[');
    const attackMs = await longestBlockMs(async () => {
      for (const path of ['/v1/try', '/v1/transactions', '/v1/transactions/preview'])
        expect(await codeOf(await post(path, brackets))).toBe('body_too_large');
    });
    expect(attackMs).toBeLessThan(4 * baselineMs);
  });

  it.each([
    ['nested arrays', '['.repeat(megabytes), 'invalid_json'],
    ['nested objects', '{"a":'.repeat(megabytes / 5), 'invalid_json'],
    ['empty arrays side by side', `[${'[],'.repeat(megabytes / 3 - 4)}[]]`, 'input_too_large'],
    ['numbers', `[${'1,'.repeat(megabytes / 2 - 4)}1]`, 'input_too_large'],
  ])('refuses %s before they are parsed, also with a key', async (_name, body, code) => {
    await start();
    const baselineMs = await longestBlockMs(() => post('/v1/embeddings', honest, withKey()));
    const bytes = Buffer.from(body);
    const attackMs = await longestBlockMs(async () => {
      expect(await codeOf(await post('/v1/embeddings', bytes, withKey()))).toBe(code);
    });
    expect(attackMs).toBeLessThan(4 * baselineMs);
  });

  it('reads brackets, commas and quotes inside a text as text', () => {
    const bounds = { maxJsonDepth: 2, maxJsonValues: 3 };
    const value = { a: `${'['.repeat(50)}${',"\\'.repeat(50)}`, b: ['é]}'] };
    expect(readJson(Buffer.from(JSON.stringify(value)), { ...bounds, maxJsonValues: 8 })).toEqual(value);
    expect(() => readJson(Buffer.from('[[[1]]]'), bounds)).toThrow(/more than 2 deep/);
    expect(() => readJson(Buffer.from('[1,2,3,4]'), bounds)).toThrow(/more than 3 values/);
    expect(() => readJson(Buffer.from('["\\'), bounds)).toThrow(/not valid JSON/);
  });

  it('limits previews from one address, and serves who has a key', async () => {
    await start();
    const body = JSON.stringify({ transaction: draft });
    const statuses: number[] = [];
    let last: Response | undefined;
    for (let count = 0; count < 1_000; count += 1) {
      const response = await post('/v1/transactions/preview', body);
      statuses.push(response.status);
      if (response.status === 429) last = response;
      else await response.text();
      if (count % 100 === 99) {
        const paid = await post(
          '/v1/embeddings',
          JSON.stringify({ model: 'text-embedding', input: 'hello' }),
          withKey(),
        );
        expect(paid.status).toBe(200);
        expect((await post('/v1/transactions/preview', body, withKey())).status).toBe(200);
      }
    }
    const cost = keylessCost('/v1/transactions/preview', { method: 'POST', length: '0', maxBytes: 0 });
    const served = statuses.filter((status) => status === 200).length;
    expect(served).toBe(Math.floor(defaultLimits.keylessBurst / cost));
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(last!.headers.get('retry-after')).toBe('1');
    expect(await codeOf(last!)).toBe('rate_limit_exceeded');
    clockMs += 1_000;
    expect((await post('/v1/transactions/preview', body)).status).toBe(200);
  });

  it('limits every address that needs no key, but for health', async () => {
    await start({ limits: { keylessBurst: 60 } });
    const paths = [
      '/',
      '/metrics',
      '/v1/status',
      '/v1/models',
      '/v1/receipts/x',
      '/v1/blobs/x',
      '/v1/network',
      '/v1/metagraph?market=text-embedding',
      `/v1/accounts/${draft.from}`,
      '/v1/regions',
      '/nowhere',
    ];
    for (let count = 0; count < 60; count += 1) await (await fetch(`${gateway.url}/v1/models`)).text();
    for (const path of [...paths, '/v1/events'])
      expect([path, (await fetch(gateway.url + path)).status]).toEqual([path, 429]);
    expect((await post('/v1/try', '{"text":"hello"}')).status).toBe(429);
    expect((await post('/v1/embeddings', '{}')).status).toBe(429);
    for (const path of ['/healthz', '/readyz']) expect((await fetch(gateway.url + path)).status).toBe(200);
    expect((await fetch(`${gateway.url}/v1/status`, { headers: withKey() })).status).toBe(200);
  });

  it('counts a text’s receipt as all that it is made of', async () => {
    await start({ limits: { keylessBurst: 60 } });
    const statusOf = async (parts: number): Promise<number> => {
      const id = new Array(1 + parts).fill('a'.repeat(64)).join('.');
      return (await fetch(`${gateway.url}/v1/receipts/${id}`)).status;
    };
    expect(await statusOf(9)).toBe(404);
    expect(await statusOf(9)).toBe(429);
    expect([await statusOf(2), await statusOf(0)]).toEqual([404, 404]);
    expect(await statusOf(0)).toBe(429);
    clockMs += 1_000;
    // What names more is no id, and read no further.
    expect(await statusOf(14)).toBe(404);
  });
});

describe('the budget of work', () => {
  const limits = {
    keylessBurst: 10,
    keylessPerSecond: 10,
    keylessBurstOverall: 1_000,
    keylessPerSecondOverall: 1_000,
    maxKeylessAddresses: 4,
  };
  const spend = (budget: ReturnType<typeof createWorkBudget>, address: string, units: number): boolean => {
    try {
      budget.charge(address, units);
      return true;
    } catch {
      return false;
    }
  };

  it('gives nobody a fresh bucket for pushing others out of the table', () => {
    const budget = createWorkBudget(limits, () => 0);
    expect(spend(budget, '10.0.0.1', 10)).toBe(true);
    for (let host = 2; host < 200; host += 1) spend(budget, `10.0.0.${host}`, 1);
    expect(budget.addresses).toBe(4);
    expect(spend(budget, '10.0.0.1', 1)).toBe(false);
    // All that have no bucket of their own share one.
    expect(spend(budget, '10.9.9.9', 1)).toBe(false);
  });

  it('forgets who has not been there for a while', () => {
    let nowMs = 0;
    const budget = createWorkBudget(limits, () => nowMs);
    for (let host = 0; host < 4; host += 1) spend(budget, `10.0.0.${host}`, 10);
    nowMs = 1_000;
    expect(spend(budget, '10.0.1.1', 10)).toBe(true);
    expect(budget.addresses).toBe(1);
  });

  it('counts all addresses of an IPv6 network as one, and bounds all addresses together', () => {
    const one = createWorkBudget(limits, () => 0);
    expect(spend(one, '2001:db8::1', 10)).toBe(true);
    expect(spend(one, '2001:db8:0:0:ffff::2', 1)).toBe(false);
    expect(spend(one, '2001:db8:0:1::1', 1)).toBe(true);
    expect(spend(one, '::ffff:10.0.0.1', 10)).toBe(true);
    expect(spend(one, '::ffff:10.0.0.2', 10)).toBe(true);
    const all = createWorkBudget({ ...limits, keylessBurstOverall: 15 }, () => 0);
    expect(spend(all, '10.0.0.1', 10)).toBe(true);
    expect(spend(all, '10.0.0.2', 10)).toBe(false);
    expect(spend(all, '10.0.0.2', 5)).toBe(true);
  });

  it('takes nothing for what it refuses, and stands a clock that goes back', () => {
    let nowMs = 1_000;
    const budget = createWorkBudget(limits, () => nowMs);
    expect(spend(budget, 'a', 11)).toBe(false);
    nowMs = 0;
    expect(spend(budget, 'a', 10)).toBe(true);
    expect(spend(budget, 'a', 1)).toBe(false);
  });
});
