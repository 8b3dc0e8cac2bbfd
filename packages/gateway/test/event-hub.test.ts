import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { MarketEvent } from '@market-of-experts/api/events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createGateway, type Gateway } from '../src/gateway.ts';
import type { GatewayLimits } from '../src/limits.ts';
import { createSimulatedMarket, type SimulatedMarket } from './simulated-market.ts';

let market: SimulatedMarket;
let gateway: Gateway;
const streams: Stream[] = [];

interface Stream {
  readonly response: IncomingMessage;
  text(): string;
  lastId(): string;
  close(): void;
}

async function start(limits: Partial<GatewayLimits> = {}): Promise<void> {
  market = createSimulatedMarket();
  gateway = await createGateway({ service: market, port: 0, limits });
}

async function open(lastEventId?: string, key?: string): Promise<Stream> {
  const request = httpRequest({
    port: gateway.port,
    path: '/v1/events',
    headers: {
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
  });
  const [response] = (await once(request.end(), 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  response.on('error', () => {});
  const stream: Stream = {
    response,
    text: () => text,
    lastId: () => [...text.matchAll(/^id: (.*)$/gm)].at(-1)![1]!,
    close: () => request.destroy(),
  };
  streams.push(stream);
  return stream;
}

const settled = (height: number, jobs = 1): MarketEvent => ({
  type: 'settlement-applied',
  jobs,
  movedMicro: 2n ** 60n,
  height,
});
const heights = (text: string) => [...text.matchAll(/"height":(\d+)/g)].map((match) => Number(match[1]));

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await gateway.close();
});

describe('GET /v1/events', () => {
  it('sends events with ids, names and amounts as strings', async () => {
    await start();
    const stream = await open();
    expect(stream.response.headers['content-type']).toContain('text/event-stream');
    expect(stream.response.headers['x-content-type-options']).toBe('nosniff');
    market.emit(settled(7));
    await vi.waitFor(() =>
      expect(stream.text()).toMatch(
        /id: [0-9a-f]{12}-1\nevent: settlement-applied\ndata: \{.*"movedMicro":"1152921504606846976".*\}\n\n$/,
      ),
    );
  });

  it('keeps line breaks of a text inside its event', async () => {
    await start();
    const stream = await open();
    const account = market.authenticate(market.apiKey)!;
    await market.serve({
      account,
      market: market.markets()[0]!.id,
      texts: ['a\n\nevent: forged\ndata: {"x":1}\n\n'],
    });
    await vi.waitFor(() => expect(stream.text()).toContain('job-routed'));
    expect(stream.text()).not.toMatch(/^event: forged/m);
  });

  it('resumes after the last event that a client saw', async () => {
    await start();
    const first = await open();
    market.emit(settled(1));
    await vi.waitFor(() => expect(heights(first.text())).toEqual([1]));
    first.close();
    market.emit(settled(2));
    market.emit(settled(3));
    const second = await open(first.lastId());
    await vi.waitFor(() => expect(heights(second.text())).toEqual([2, 3]));
    expect(second.text()).not.toContain('event: reset');
  });

  it('resumes a client that connected before the first event', async () => {
    await start();
    const first = await open();
    await vi.waitFor(() => expect(first.text()).toContain('id: '));
    first.close();
    market.emit(settled(1));
    const second = await open(first.lastId());
    await vi.waitFor(() => expect(heights(second.text())).toEqual([1]));
  });

  it.each(['', 'nonsense', '000000000000-5', 'x'.repeat(1_000)])(
    'tells a client with the unknown id "%s" to start again',
    async (id) => {
      await start();
      market.emit(settled(1));
      const stream = await open(id);
      await vi.waitFor(() => expect(stream.text()).toContain('event: reset\ndata: {}\n\n'));
      market.emit(settled(2));
      await vi.waitFor(() => expect(heights(stream.text())).toEqual([2]));
    },
  );

  it('tells a client that missed more than is kept to start again', async () => {
    await start({ eventHistory: 3 });
    const first = await open();
    market.emit(settled(0));
    await vi.waitFor(() => expect(heights(first.text())).toEqual([0]));
    first.close();
    for (let height = 1; height <= 4; height += 1) market.emit(settled(height));
    const second = await open(first.lastId());
    await vi.waitFor(() => expect(second.text()).toContain('event: reset'));
    expect(heights(second.text())).toEqual([]);
  });

  it('drops a client that does not read, and nobody else', async () => {
    await start({ eventHistory: 50 });
    const slow = await open();
    slow.response.pause();
    const quick = await open();
    let height = 0;
    const metrics = async () =>
      (
        await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${market.apiKey}` } })
      ).text();
    // Until the sockets' own buffers are full, the server cannot see that nobody reads.
    const filler = 'x'.repeat(100_000);
    await vi.waitFor(
      async () => {
        for (let count = 0; count < 20; count += 1) {
          height += 1;
          market.emit({ type: 'training-progressed', name: filler, done: height, total: 1 });
        }
        await vi.waitFor(() => expect(quick.text().length).toBeGreaterThan(height * filler.length), {
          interval: 1,
        });
        expect(await metrics()).toContain('moe_events_dropped_total 1');
      },
      { interval: 1 },
    );
    expect(await metrics()).toContain('moe_events_clients 1');
    slow.response.resume();
    await vi.waitFor(() => expect(slow.text()).toMatch(/: dropped: more than 50 events behind.*\n\n$/));
  });

  it('bounds the number of clients', async () => {
    await start({ maxEventClients: 1 });
    await open();
    const second = await open();
    expect(second.response.statusCode).toBe(503);
    expect(second.response.headers['retry-after']).toBe('1');
  });

  it('bounds the streams of one address, and of one account, each for itself', async () => {
    await start({ maxEventStreamsPerClient: 2 });
    for (const key of [undefined, market.apiKey]) {
      await open(undefined, key);
      await open(undefined, key);
      const third = await open(undefined, key);
      expect(third.response.statusCode).toBe(429);
      expect(third.response.headers['retry-after']).toBe('5');
    }
    expect((await open(undefined, market.poorApiKey)).response.statusCode).toBe(200);
  });

  it('serves 300 clients with one writing of each event, and one more for its owner', async () => {
    await start({
      maxEventClients: 300,
      maxEventStreamsPerClient: 299,
      keylessBurst: 10_000,
      keylessBurstOverall: 10_000,
    });
    const opened = await Promise.all([
      ...Array.from({ length: 299 }, () => open()),
      open(undefined, market.apiKey),
    ]);
    expect((await open(undefined, market.poorApiKey)).response.statusCode).toBe(503);
    let written = 0;
    const counted = (height: number): MarketEvent => ({
      ...settled(height),
      // Called whenever the event is written as JSON.
      ...{
        toJSON: () => {
          written += 1;
          return settled(height);
        },
      },
    });
    for (let height = 1; height <= 200; height += 1) market.emit(counted(height));
    const all = Array.from({ length: 200 }, (_, index) => index + 1);
    await vi.waitFor(
      () => {
        for (const stream of opened) expect(heights(stream.text())).toEqual(all);
      },
      { interval: 200 },
    );
    expect(written).toBe(200);
    await market.serve({
      account: market.authenticate(market.apiKey)!,
      market: market.markets()[0]!.id,
      texts: ['Xylophon'],
    });
    await vi.waitFor(() => {
      for (const stream of opened) expect(stream.text()).toContain('job-routed');
    });
    const seen = opened.map((stream) => stream.text().includes('Xylophon'));
    expect(seen.filter(Boolean)).toHaveLength(1);
    expect(seen.at(-1)).toBe(true);
  });

  it('sends comments while nothing happens', async () => {
    await start({ eventHeartbeatMs: 20 });
    const stream = await open();
    await vi.waitFor(() => expect(stream.text()).toContain(': alive\n\n: alive\n\n'));
  });

  it('says good-bye when the gateway closes', async () => {
    await start();
    const stream = await open();
    const ended = once(stream.response, 'end');
    await gateway.close();
    await ended;
    expect(stream.text()).toContain(': the market is closing\n\n');
  });
});
