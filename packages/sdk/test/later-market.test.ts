/** A client of today reads what a market of a later version answers. */
import { routes } from '@market-of-experts/api/routes';
import type { Gateway } from '@market-of-experts/gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { MemoryLedger } from '../../gateway/test/memory-ledger.ts';
import type { SimulatedMarket } from '../../gateway/test/simulated-market.ts';
import { createMarketClient, isRefused } from '../src/index.ts';
import { openTestGateway } from './test-gateway.ts';

/** Fields whose values are a list that may grow. */
const open = new Set(['mode', 'kind', 'outcome', 'state', 'task', 'loss', 'method', 'code']);
const scored = 'one two three four five six seven eight nine ten eleven twelve thirteen';

/** The same answer with a value in every open field that nobody knows today, and more fields in every object. */
function later(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(later);
  if (typeof json !== 'object' || json === null) return json;
  const fields = Object.entries(json).map(([name, value]) => [
    name,
    // What is signed is signed as it is.
    name === 'typedData' ? value : open.has(name) && typeof value === 'string' ? 'of-tomorrow' : later(value),
  ]);
  return { ...Object.fromEntries(fields), ofTomorrow: { is: ['new'] } };
}

describe('a market of a later version', () => {
  let memory: MemoryLedger;
  let service: SimulatedMarket;
  let gateway: Gateway;
  const client = () =>
    createMarketClient({
      url: gateway.url,
      apiKey: service.apiKey,
      retries: 0,
      fetch: async (...request) => {
        const response = await fetch(...request);
        if (!response.headers.get('content-type')?.startsWith('application/json')) return response;
        const { status, headers } = response;
        return new Response(JSON.stringify(later(await response.json())), { status, headers });
      },
    });
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ memory, service, gateway, close } = await openTestGateway());
  });
  afterEach(() => close());

  it('is read: states, kinds of jobs and codes that nobody knows today', async () => {
    const market = client();
    await market.embed([scored], { model: 'text-embedding' });
    const { recentJobs, experts } = await market.status();
    expect(recentJobs).toMatchObject([
      { mode: 'of-tomorrow', kind: 'of-tomorrow', outcome: 'of-tomorrow', feeMicro: 120n },
    ]);
    expect(experts[0]).toMatchObject({ state: 'of-tomorrow' });
    expect(await market.models()).toMatchObject([{ moe: { task: 'of-tomorrow', state: 'of-tomorrow' } }]);
    expect((await market.balance()).availableMicro).toBeGreaterThan(0n);
    const { ledger } = market;
    expect((await ledger.markets()).markets).toMatchObject([{ terms: { task: 'of-tomorrow' } }]);
    expect((await ledger.metagraph('text-embedding')).nodes[0]).toMatchObject({ state: 'of-tomorrow' });
    expect((await ledger.network()).epoch).toBeGreaterThan(0);
    expect((await ledger.experts('text-embedding')).experts).toHaveLength(1);
    const draft = { kind: 'transfer', from: memory.alice.address, to: memory.bob, amountMicro: '1' } as const;
    const poor = await ledger.preview({ ...draft, amountMicro: '10000000000000000' });
    expect(poor.outcome).toMatchObject({ applied: false, code: 'of-tomorrow' });
    const own = await ledger.preview({ ...draft, to: memory.alice.address });
    expect(own.warnings).toMatchObject([{ code: 'of-tomorrow' }]);
  });

  it('says no with a code that nobody knows today', async () => {
    const error = await client()
      .model('no-such-market')
      .catch((thrown: unknown) => thrown);
    expect(isRefused(error)).toBe(true);
    expect(error).toMatchObject({ metadata: { status: 404, code: 'of-tomorrow' } });
  });
});

describe('what a market answers', () => {
  /** Paths of closed lists of values below a schema. */
  function closedIn(schema: z.core.$ZodType, path: string, discriminator?: string): string[] {
    const { def } = (schema as z.core.$ZodTypes)._zod;
    switch (def.type) {
      case 'enum':
      case 'literal':
        return [path];
      case 'object':
        return Object.entries(def.shape).flatMap(([name, field]) =>
          name === discriminator ? [] : closedIn(field, `${path}.${name}`),
        );
      case 'array':
        return closedIn(def.element, path);
      case 'tuple':
        return def.items.flatMap((item) => closedIn(item, path));
      case 'record':
        return closedIn(def.valueType, path);
      case 'union':
        return def.options.flatMap((option) =>
          closedIn(option, path, 'discriminator' in def ? String(def.discriminator) : undefined),
        );
      case 'optional':
      case 'nullable':
      case 'default':
        return closedIn(def.innerType, path);
      default:
        return [];
    }
  }

  it('has no closed list of values, but for the name of the shape', () => {
    const closed = routes.flatMap(({ path, answer }) => closedIn(answer.schema, path));
    expect(closed.length).toBeGreaterThan(3);
    expect(closed.filter((path) => !path.endsWith('.object'))).toEqual([]);
  });
});
