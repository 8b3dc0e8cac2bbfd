import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { type ErrorCode, MoeError } from '@market-of-experts/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createGateway, type Gateway, type GatewayInit } from '../src/gateway.ts';
import { createSimulatedMarket, type SimulatedMarket } from './simulated-market.ts';

let market: SimulatedMarket;
let gateway: Gateway;
const reported: unknown[] = [];

async function start(init: Partial<GatewayInit> = {}): Promise<void> {
  market = createSimulatedMarket();
  gateway = await createGateway({
    service: market,
    port: 0,
    reportError: (error) => reported.push(error),
    ...init,
  });
}

afterEach(async () => {
  market.release();
  await gateway.close();
  expect(market.listeners).toBe(0);
  reported.length = 0;
});

const post = (
  body: unknown,
  init: { key?: string | undefined; headers?: Record<string, string>; signal?: AbortSignal } = {},
) =>
  fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...('key' in init && init.key === undefined
        ? {}
        : { authorization: `Bearer ${init.key ?? market.apiKey}` }),
      ...init.headers,
    },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    ...(init.signal === undefined ? {} : { signal: init.signal }),
  });
const get = (path: string, headers: Record<string, string> = {}) => fetch(gateway.url + path, { headers });
const valid = { model: 'text-embedding', input: 'hello world' };

async function expectError(response: Response, status: number, code: string, param: string | null = null) {
  expect(response.status).toBe(status);
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  expect(error).toEqual({ message: expect.any(String), type: expect.any(String), param, code });
  expect(JSON.stringify(error)).not.toMatch(/\bat .*\.ts:\d+|node_modules/);
  return error;
}

/** Sends bytes on a bare socket and reads until the other side closes. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

describe('POST /v1/embeddings', () => {
  it('answers one text with its receipt', async () => {
    await start();
    const response = await post(valid);
    expect(response.status).toBe(200);
    const body = await response.json();
    expect(body.data[0].embedding).toHaveLength(384);
    expect(body.moe.feeMicro).toBe('120');
    expect(response.headers.get('x-moe-receipt')).toBe(body.moe.receipts[0]);
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const receipt = await (await get(`/v1/receipts/${body.moe.receipts[0]}`)).json();
    expect(receipt.id).toBe(body.moe.receipts[0]);
  });

  it('answers many texts in order and shortens them', async () => {
    await start();
    const response = await post({ ...valid, input: ['one', 'two', 'one'], dimensions: 64 });
    const { data } = await response.json();
    expect(data.map((item: { embedding: number[] }) => item.embedding.length)).toEqual([64, 64, 64]);
    expect(data[0].embedding).toEqual(data[2].embedding);
    expect(data[0].embedding).not.toEqual(data[1].embedding);
    expect(response.headers.has('x-moe-receipt')).toBe(false);
  });

  it('passes edition, mode, fee and strictness on', async () => {
    await start();
    market.hold();
    const answer = post({ ...valid, moe: { mode: 'shard', strict: true, maxFeeCredits: '0.5' } });
    await vi.waitFor(() => expect(market.waiting).toHaveLength(1));
    expect(market.waiting[0]).toMatchObject({
      edition: 1,
      mode: 'shard',
      isStrict: true,
      maxFeeMicro: 500_000n,
    });
    market.release();
    expect((await answer).status).toBe(200);
  });

  it('refuses a missing and an unknown key before it reads the body', async () => {
    await start();
    await expectError(await post(valid, { key: undefined }), 401, 'missing_key');
    await expectError(await post('{', { key: 'wrong' }), 401, 'invalid_api_key');
    await expectError(await post(valid, { key: 'k'.repeat(2_000) }), 401, 'invalid_api_key');
  });

  it.each([
    ['invalid JSON', '{"model":', 'invalid_json'],
    ['NaN', '{"model":"text-embedding","input":NaN}', 'invalid_json'],
    ['nothing', '', 'invalid_json'],
    ['binary', new Uint8Array([0xff, 0xfe, 0x00, 0x80]), 'invalid_json'],
    [
      'invalid UTF-8 inside a text',
      Buffer.from('{"model":"text-embedding","input":"\xff"}', 'latin1'),
      'invalid_json',
    ],
  ])('refuses %s', async (_name, body, code) => {
    await start();
    await expectError(await post(body), 400, code);
  });

  it('refuses an escaped half of a surrogate pair', async () => {
    await start();
    await expectError(
      await post('{"model":"text-embedding","input":"a\\ud800"}'),
      400,
      'invalid_request',
      'input',
    );
  });

  it('survives absurdly deep JSON', async () => {
    await start();
    await expectError(
      await post(`{"model":"text-embedding","input":${'['.repeat(1_000_000)}`),
      400,
      'invalid_json',
    );
    const deep = `{"model":"text-embedding","input":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    await expectError(await post(deep), 400, 'invalid_json');
  });

  it.each([
    ['insufficient-funds', 402, 'insufficient_quota'],
    ['fee-too-low', 400, 'fee_too_low'],
    ['no-quorum', 503, 'no_quorum'],
    ['overloaded', 503, 'overloaded'],
    ['market-closed', 503, 'market_closed'],
  ] as const)('answers %s of the market with %i', async (code, status, published) => {
    await start();
    market.failNext(new MoeError(code, 'A sentence.'));
    const response = await post(valid);
    const error = await expectError(response, status, published);
    expect(error.message).toBe('A sentence.');
    expect(response.headers.has('retry-after')).toBe(status === 503);
    expect(reported).toEqual([]);
  });

  it('refuses an account without funds', async () => {
    await start();
    await expectError(await post(valid, { key: market.poorApiKey }), 402, 'insufficient_quota');
  });

  it.each([
    ['an error with secrets', new Error('secret /etc/passwd')],
    ['an unknown code', new MoeError('never-heard-of' as ErrorCode, 'secret')],
    ['a string', 'secret'],
  ])('tells the client nothing about %s, and the log everything', async (_name, thrown) => {
    await start();
    market.failNext(thrown);
    const error = await expectError(await post(valid), 500, 'internal_error');
    expect(JSON.stringify(error)).not.toContain('secret');
    expect(reported).toEqual([thrown]);
  });

  it('refuses other media types and compressed bodies', async () => {
    await start();
    await expectError(
      await post('a=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      415,
      'unsupported_media_type',
    );
    await expectError(
      await post(new Uint8Array([1]), { headers: { 'content-type': '' } }),
      415,
      'unsupported_media_type',
    );
    await expectError(
      await post(valid, { headers: { 'content-encoding': 'gzip' } }),
      415,
      'unsupported_media_type',
    );
  });
});

describe('bounds', () => {
  it('answers 413 to a body that is too large, however it is sent, and keeps the connection usable', async () => {
    await start({ limits: { maxBodyBytes: 1_000 } });
    await expectError(await post({ ...valid, input: 'x'.repeat(3_000_000) }), 413, 'body_too_large');
    const chunked = new ReadableStream({
      start(controller) {
        for (let index = 0; index < 64; index += 1) controller.enqueue(new Uint8Array(65_536));
        controller.close();
      },
    });
    const response = await fetch(`${gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${market.apiKey}` },
      body: chunked,
      duplex: 'half',
    } as RequestInit);
    await expectError(response, 413, 'body_too_large');
    expect((await post(valid)).status).toBe(200);
  });

  it('bounds the bytes of all bodies together', async () => {
    await start({ limits: { maxBufferedBodyBytes: 1_000 } });
    const response = await post({ ...valid, input: 'x'.repeat(2_000) });
    await expectError(response, 429, 'rate_limit_exceeded');
    expect((await post(valid)).status).toBe(200);
  });

  it('refuses too many texts', async () => {
    await start();
    const input = new Array(2_049).fill('a');
    await expectError(await post({ ...valid, input }), 400, 'input_too_large', 'input');
  });

  it('queues, then answers 429 with Retry-After', async () => {
    await start({ limits: { maxConcurrentRequests: 1, maxQueuedRequests: 1 } });
    market.hold();
    const first = post(valid);
    await vi.waitFor(() => expect(market.waiting).toHaveLength(1));
    const second = post(valid);
    await vi.waitFor(async () =>
      expect(await (await get('/metrics')).text()).toContain('moe_http_requests_queued 1'),
    );
    const third = await post(valid);
    expect(third.headers.get('retry-after')).toBe('1');
    await expectError(third, 429, 'rate_limit_exceeded');
    market.release();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  it('aborts the job of a client that disconnects', async () => {
    await start({ limits: { maxConcurrentRequests: 1 } });
    market.hold();
    const controller = new AbortController();
    const answer = post(valid, { signal: controller.signal });
    await vi.waitFor(() => expect(market.waiting).toHaveLength(1));
    controller.abort();
    await expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(market.aborted).toBe(1));
    market.release();
    // The place is free again, and the request is counted as one that the client closed.
    expect((await post(valid)).status).toBe(200);
    await vi.waitFor(async () => expect(await (await get('/metrics')).text()).toMatch(/status="499"\} 1/));
  });

  it('answers 408 to a request that never ends', async () => {
    await start({ limits: { requestTimeoutMs: 200 } });
    const start_ = 'POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\n';
    expect(await raw(start_)).toMatch(/^HTTP\/1\.1 408 .*request_timeout/s);
    const withKey = `${start_}authorization: Bearer ${market.apiKey}\r\ncontent-type: application/json\r\n`;
    expect(await raw(`${withKey}content-length: 100\r\n\r\n{`)).toMatch(/^HTTP\/1\.1 408 /);
    expect((await post(valid)).status).toBe(200);
  });

  it('answers what is no HTTP, and headers that are too large', async () => {
    await start();
    expect(await raw('\x16\x03\x01 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"code":"invalid_request"/s);
    const huge = `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(huge)).toMatch(/^HTTP\/1\.1 431 .*headers_too_large/s);
    for (const answer of [await raw('\x16\x03\x01 hello\r\n\r\n'), await raw(huge)])
      expect(answer).toMatch(/^x-request-id: req_[0-9a-z]+\r$/m);
  });

  it('answers an odd expectation with 417, as JSON', async () => {
    await start();
    const answer = await raw(
      'POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\nexpect: a miracle\r\ncontent-length: 2\r\n\r\n{}',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 417 .*^x-request-id: req_.*"code":"expectation_failed"/ms);
    expect((await post(valid, { headers: { 'x-nothing': 'odd' } })).status).toBe(200);
  });

  it.each(['TRACE', 'PROPFIND', 'DELETE', 'PUT', 'PURGE', 'OPTIONS'])(
    'answers %s with 405',
    async (method) => {
      await start();
      for (const [path, allow] of [
        ['/v1/embeddings', 'POST'],
        ['/v1/receipts/abc?x=1', 'GET, HEAD'],
        ['/v1/events', 'GET'],
        ['/', 'GET, HEAD'],
      ]) {
        const answer = await raw(
          `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 405 .*"code":"method_not_allowed"/s);
        expect(answer.toLowerCase()).toContain(`\r\nallow: ${allow!.toLowerCase()}\r\n`);
      }
      const nothing = await raw(
        `${method} /v1/nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
      );
      expect(nothing).toMatch(/^HTTP\/1\.1 404 .*"code":"unknown_url"/s);
    },
  );
});

describe('reads', () => {
  it('lists models in the shape of OpenAI', async () => {
    await start();
    const { object, data } = await (await get('/v1/models')).json();
    expect(object).toBe('list');
    expect(data[0]).toMatchObject({ id: 'text-embedding', object: 'model', created: 1_700_000_000 });
    expect(data[0].moe.pricePerKilobyteMicro).toBe('120');
    expect((await (await get('/v1/models/text-embedding-3-small')).json()).id).toBe('text-embedding');
    await expectError(await get('/v1/models/gpt-9'), 404, 'model_not_found', 'model');
  });

  it('writes amounts above 2^53 without loss', async () => {
    await start();
    expect((await (await get('/v1/status')).json()).ledger.totalMicro).toBe((2n ** 60n).toString());
  });

  it('gives blobs with immutable caching', async () => {
    await start();
    const response = await get(`/v1/blobs/${market.blobHash}`);
    expect((await response.arrayBuffer()).byteLength).toBe(32);
    expect(response.headers.get('cache-control')).toContain('immutable');
    const again = await get(`/v1/blobs/${market.blobHash}`, {
      'if-none-match': response.headers.get('etag')!,
    });
    expect(again.status).toBe(304);
    await expectError(await get(`/v1/blobs/${'0'.repeat(64)}`), 404, 'unknown_blob');
    await expectError(await get('/v1/blobs/..%2f..%2fetc'), 404, 'unknown_blob');
  });

  it('gives 404 for unknown receipts and addresses, 405 for wrong methods', async () => {
    await start();
    await expectError(await get('/v1/receipts/nope'), 404, 'unknown_receipt');
    const longest = Array.from({ length: 10 }, () => `${'a'.repeat(64)}-12345`).join('.');
    await expectError(await get(`/v1/receipts/${longest}`), 404, 'unknown_receipt');
    await expectError(await get('/v1/receipts/%00'), 404, 'unknown_receipt');
    await expectError(await get('/v1/chat/completions'), 404, 'unknown_url');
    await expectError(await get('/v1/receipts/%zz'), 400, 'invalid_request');
    const wrong = await get('/v1/embeddings');
    expect(wrong.headers.get('allow')).toBe('POST');
    await expectError(wrong, 405, 'method_not_allowed');
    const options = await fetch(`${gateway.url}/v1/embeddings`, { method: 'OPTIONS' });
    expect(options.headers.has('access-control-allow-origin')).toBe(false);
    expect(options.status).toBe(405);
  });

  it('shows a balance to the holder of the key only', async () => {
    await start();
    await expectError(await get('/v1/balance'), 401, 'missing_key');
    const balance = await (await get('/v1/balance', { authorization: `Bearer ${market.apiKey}` })).json();
    expect(balance).toMatchObject({ availableMicro: '5000000', reservedMicro: '0', availableCredits: '5' });
  });

  it('reports health and readiness', async () => {
    await start();
    expect((await get('/healthz')).status).toBe(200);
    expect(await (await get('/readyz')).json()).toEqual({ status: 'ready', reasons: [] });
  });

  it('says why it is not ready, and when it must be started again', async () => {
    await start({ limits: { statusMaxAgeMs: 0 } });
    const reasons = [{ code: 'too-few-experts', message: 'Two of three experts serve.' }];
    market.setReadiness({ isReady: false, reasons, needsRestart: false });
    await vi.waitFor(async () => {
      const ready = await get('/readyz');
      expect(ready.status).toBe(503);
      expect(await ready.json()).toEqual({ status: 'not-ready', reasons });
    });
    expect((await get('/healthz')).status).toBe(200);
    expect((await (await get('/v1/status')).json()).readiness).toMatchObject({ isReady: false, reasons });
    market.setReadiness({ isReady: false, reasons, needsRestart: true });
    await vi.waitFor(async () => {
      const health = await get('/healthz');
      expect(health.status).toBe(503);
      expect(await health.json()).toEqual({ status: 'broken', reasons });
    });
  });

  it('gives metrics that Prometheus can read', async () => {
    await start();
    await post({ ...valid, input: 'w '.repeat(20) });
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    const text = await response.text();
    expect(text).toMatch(
      /moe_http_request_seconds_count\{route="\/v1\/embeddings",method="POST",status="200"\} 1/,
    );
    expect(text).toContain('moe_jobs_total{outcome="certified"} 1');
    expect(text).toMatch(/moe_expert_mean_loss\{expert="[a-z0-9-]+"\} 0\.\d+/);
    expect(text).toMatch(/moe_expert_earned_credits_total\{expert="[a-z0-9-]+"\} 0\.00012/);
    for (const line of text.split('\n').filter((line) => line !== ''))
      expect(line).toMatch(/^(#.*|moe_[a-z0-9_]+(\{.*\})? [-+0-9.eNInfa]+)$/);
  });

  it('tells who called whom, and for which share', async () => {
    await start();
    market.callFriendNext();
    await post({ ...valid, input: 'w '.repeat(20) });
    const { recentJobs, experts, history } = await (await get('/v1/status')).json();
    const [caller] = recentJobs[0].members;
    expect(caller.friend).toMatchObject({ name: expect.any(String), askBps: 4_000 });
    expect(recentJobs[0].members[1]).not.toHaveProperty('friend');
    const find = (name: string) => experts.find((each: { name: string }) => each.name === name);
    expect(find(caller.name)).toMatchObject({ callsMade: { jobs: 1, wins: 1 }, askBps: 4_000 });
    expect(find(caller.friend.name)).toMatchObject({
      callsAnswered: { jobs: 1, wins: 1 },
      earnedMicro: '48',
    });
    expect(history).toEqual({ records: 1, bytesPerRecord: 512 });
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toContain(`moe_expert_calls_made_total{expert="${caller.name}"} 1`);
    expect(metrics).toContain(`moe_expert_calls_answered_won_total{expert="${caller.friend.name}"} 1`);
    expect(metrics).toContain(`moe_expert_calls_answered_total{expert="${caller.name}"} 0`);
    expect(metrics).toContain(`moe_expert_ask_ratio{expert="${caller.name}"} 0.4`);
    expect(metrics).toContain('moe_history_records 1');
  });

  it('serves the live page with a strict policy', async () => {
    await start();
    const page = await get('/');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    expect((await get('/', { 'if-none-match': page.headers.get('etag')! })).status).toBe(304);
  });
});

describe('GET /v1/regions', () => {
  it('gives the regions in the order of the market, credits as strings', async () => {
    await start();
    const body = await (await get('/v1/regions')).json();
    expect(body).toMatchObject({ object: 'list', expertLoss: null, total: 2 });
    expect(body.data.map(({ place }: { place: number }) => place)).toEqual([7, 3]);
    expect(body.data[0]).toMatchObject({
      meanFeeMicro: '120',
      earningsMicro: '1235',
      best: { name: 'minilm-l6' },
      effectiveWinners: 2.4,
    });
    const one = await (await get('/v1/regions?loss=0.2&limit=1')).json();
    expect(one).toMatchObject({ expertLoss: 0.2, total: 2 });
    expect(one.data).toHaveLength(1);
    expect(market.regionsAsked).toEqual([undefined, 0.2]);
  });

  it.each([
    ['loss=-1', 'invalid_request', 'loss'],
    ['loss=1.5', 'invalid_request', 'loss'],
    ['loss=', 'invalid_request', 'loss'],
    ['loss=NaN', 'invalid_request', 'loss'],
    ['loss=1e-3', 'invalid_request', 'loss'],
    ['loss=0.1&loss=0.2', 'invalid_request', 'loss'],
    ['limit=0', 'invalid_request', 'limit'],
    ['limit=257', 'invalid_request', 'limit'],
    ['limit=all', 'invalid_request', 'limit'],
    ['los=0.1', 'unknown_parameter', 'los'],
  ])('refuses ?%s', async (query, code, param) => {
    await start();
    await expectError(await get(`/v1/regions?${query}`), 400, code, param);
    expect(market.regionsAsked).toEqual([]);
  });

  it('shares a reading among those who ask for nearly the same, and keeps it for a moment', async () => {
    await start({ limits: { regionsMaxAgeMs: 60_000 } });
    const asked = ['0.2', '0.2000', '0.20004', '0.3'].map((loss) => get(`/v1/regions?loss=${loss}`));
    for (const response of await Promise.all(asked)) expect(response.status).toBe(200);
    await get('/v1/regions?loss=0.2');
    expect(market.regionsAsked.toSorted()).toEqual([0.2, 0.3]);
  });

  it('bounds what waits', async () => {
    await start({ limits: { maxQueuedRegions: 1 } });
    const reading = Promise.withResolvers<void>();
    const { regions } = market;
    market.regions = async (options) => {
      await reading.promise;
      return regions.call(market, options);
    };
    const asked = [0.1, 0.2, 0.3].map((loss) => get(`/v1/regions?loss=${loss}`));
    await expectError(await Promise.race(asked), 429, 'rate_limit_exceeded');
    reading.resolve();
    const answers = (await Promise.all(asked)).map(({ status }) => status);
    expect(answers.toSorted()).toEqual([200, 200, 429]);
  });

  it('tells a failure once and then reads again', async () => {
    await start({ limits: { regionsMaxAgeMs: 60_000 } });
    market.regionsError = new MoeError('market-closed', 'A sentence.');
    await expectError(await get('/v1/regions'), 503, 'market_closed');
    market.regionsError = undefined;
    expect((await get('/v1/regions')).status).toBe(200);
  });
});

describe('who may read and spend', () => {
  it('answers to names of this machine only, against DNS rebinding', async () => {
    await start({ demoKey: 'moe-key-rich' });
    const [response] = (await once(
      httpRequest({ port: gateway.port, path: '/v1/status', headers: { host: 'evil.example' } }).end(),
      'response',
    )) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  it('lets the page of this machine try a text, and no other site', async () => {
    await start({ demoKey: 'moe-key-rich' });
    const attempt = (headers: Record<string, string>, body: unknown = { text: 'hello' }) =>
      fetch(`${gateway.url}/v1/try`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const answer = await (await attempt({ origin: gateway.url })).json();
    expect(answer).toMatchObject({
      edition: 'text-embedding@1',
      isExamined: false,
      feeMicro: '120',
      dimensions: 384,
    });
    await expectError(await attempt({ origin: 'http://evil.example' }), 403, 'forbidden_origin');
    await expectError(await attempt({ origin: 'null' }), 403, 'forbidden_origin');
    await expectError(await attempt({ 'sec-fetch-site': 'cross-site' }), 403, 'forbidden_origin');
    await expectError(await attempt({ 'content-type': 'text/plain' }), 415, 'unsupported_media_type');
    await expectError(await attempt({}, { text: '' }), 400, 'invalid_request', 'text');
    await expectError(await attempt({}, { texts: '' }), 400, 'invalid_request', 'text');
    expect((await (await get('/v1/status')).json()).gateway.canTry).toBe(true);
  });

  it('has no way to spend without a key unless told', async () => {
    await start();
    expect((await fetch(`${gateway.url}/v1/try`, { method: 'POST' })).status).toBe(404);
    expect((await (await get('/v1/status')).json()).gateway.canTry).toBe(false);
  });

  it('refuses a demo key beyond loopback', async () => {
    await start();
    await expect(
      createGateway({ service: market, host: '0.0.0.0', port: 0, demoKey: 'moe-key-rich' }),
    ).rejects.toMatchObject({ code: 'unsafe-demo-key' });
  });

  it('asks for a key before it shows anything where others can reach it', async () => {
    await start({ host: '0.0.0.0' });
    const paths = [
      '/v1/status',
      '/v1/regions',
      '/v1/events',
      '/v1/receipts/x',
      '/v1/blobs/x',
      '/metrics',
      '/',
    ];
    for (const path of paths) await expectError(await get(path), 401, 'missing_key');
    const authorization = `Bearer ${market.apiKey}`;
    expect((await get('/v1/status', { authorization })).status).toBe(200);
    for (const path of ['/v1/models', '/healthz', '/readyz']) expect((await get(path)).status).toBe(200);
  });

  it('fails clearly when its port is taken, and leaves nothing behind', async () => {
    await start();
    const other = createSimulatedMarket();
    await expect(createGateway({ service: other, port: gateway.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(other.listeners).toBe(0);
  });
});

describe('words of a text', () => {
  /** All that can be read, with the headers. */
  async function readAll(headers: Record<string, string>, receiptId: string): Promise<string> {
    const stream = await fetch(`${gateway.url}/v1/events`, { headers });
    const reader = stream.body!.getReader();
    await reader.read();
    await post({ model: 'text-embedding', input: 'Xylophon once more' });
    const told = Buffer.from((await reader.read()).value!).toString();
    await reader.cancel();
    expect(told).toContain('job-routed');
    const answers = await Promise.all(
      ['/v1/status', '/v1/regions', '/metrics', '/', '/v1/models', `/v1/receipts/${receiptId}`].map(
        async (path) => (await get(path, headers)).text(),
      ),
    );
    return [told, ...answers].join('\n');
  }
  const receiptOf = async (body: unknown, headers: Record<string, string> = {}): Promise<string> =>
    (await post(body, { headers })).headers.get('x-moe-receipt')!;

  it('are read by who paid, and by nobody else', async () => {
    await start({ limits: { statusMaxAgeMs: 0 } });
    const id = await receiptOf({ ...valid, input: 'Xylophon' });
    const keyless = await readAll({}, id);
    expect(keyless).not.toContain('Xylophon');
    expect(await readAll({ authorization: 'Bearer wrong' }, id)).not.toContain('Xylophon');
    expect(await readAll({ authorization: `Bearer ${market.poorApiKey}` }, id)).not.toContain('Xylophon');
    const authorization = `Bearer ${market.apiKey}`;
    const own = await readAll({ authorization }, id);
    expect(own).toMatch(/event: job-routed\ndata: .*"preview":"Xylophon once more"/);
    expect((await (await get('/v1/status', { authorization })).json()).recentJobs[0].preview).toMatch(/^Xyl/);
    expect(await (await get(`/v1/receipts/${id}`, { authorization })).json()).toMatchObject({
      preview: 'Xylophon',
    });
  });

  it.each([
    ['field', { store: true }, {}],
    ['header', {}, { 'x-moe-store': 'true' }],
  ])('are public where a client says so in a %s', async (_, fields, headers) => {
    await start();
    const id = await receiptOf(
      { ...valid, input: 'Openly said', ...fields },
      headers as Record<string, string>,
    );
    expect(await (await get(`/v1/receipts/${id}`)).json()).toMatchObject({ preview: 'Openly said' });
    expect((await (await get('/v1/status')).json()).recentJobs[0].preview).toBe('Openly said');
  });

  it.each([[{ store: false }], [{ store: null }], [{}]])('stay private with %j', async (fields) => {
    await start();
    const id = await receiptOf({ ...valid, ...fields }, { 'x-moe-store': 'no' });
    expect(await (await get(`/v1/receipts/${id}`)).json()).not.toHaveProperty('preview');
  });
});

describe('close', () => {
  it('lets a request in flight finish', async () => {
    await start();
    market.hold();
    const answer = post(valid);
    await vi.waitFor(() => expect(market.waiting).toHaveLength(1));
    const closed = gateway.close();
    market.release();
    expect((await answer).status).toBe(200);
    await closed;
    await expect(get('/healthz')).rejects.toThrow();
  });

  it('does not wait for a connection that was opened ahead', async () => {
    await start({ limits: { closeGraceMs: 60_000, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 } });
    const socket = connect(gateway.port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    socket.resume();
    await get('/healthz');
    await gateway.close();
    await closed;
  });

  it('ends what does not finish within the grace period', async () => {
    await start({ limits: { closeGraceMs: 10 } });
    market.hold();
    const answer = post(valid);
    await vi.waitFor(() => expect(market.waiting).toHaveLength(1));
    await gateway.close();
    await expectError(await answer, 503, 'market_closed');
    expect(market.aborted).toBe(1);
  });
});
