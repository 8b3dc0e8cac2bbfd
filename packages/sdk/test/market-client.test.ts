import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AccountId, formatAccount } from '@market-of-experts/core';
import { createGateway, type Gateway } from '@market-of-experts/gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MemoryLedger } from '../../gateway/test/memory-ledger.ts';
import type { SimulatedMarket } from '../../gateway/test/simulated-market.ts';
import { createMarketClient, isRefused, jsonOf, MoeError } from '../src/index.ts';
import { prepareTransaction, sendTransaction } from '../src/signing.ts';
import { openTestGateway } from './test-gateway.ts';

const scored = 'one two three four five six seven eight nine ten eleven twelve thirteen';

describe('a market', () => {
  let service: SimulatedMarket;
  let memory: MemoryLedger;
  let gateway: Gateway;
  const client = (apiKey = service.apiKey) => createMarketClient({ url: gateway.url, apiKey });
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ memory, service, gateway, close } = await openTestGateway());
  });
  afterEach(() => close());

  it('embeds, and gives the receipts', async () => {
    const { vectors, receipts, feeMicro, model } = await client().embed(['short', scored], {
      model: 'text-embedding-3-small',
      dimensions: 64,
      mode: 'auto',
      maxFeeCredits: '0.01',
    });
    expect({ model, feeMicro }).toEqual({ model: 'text-embedding', feeMicro: 240n });
    for (const vector of vectors) {
      expect(vector).toHaveLength(64);
      expect(vector!.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5);
    }
    const receipt = await client().receipt(receipts[1]!);
    expect(receipt).toMatchObject({ id: receipts[1], preview: scored });
    expect(await createMarketClient({ url: gateway.url }).receipt(receipts[1]!)).not.toHaveProperty(
      'preview',
    );
    expect(await client().blob(service.blobHash)).toHaveLength(32);
  });

  it('tells what it is, with amounts as bigint, and the JSON as it came', async () => {
    await client().embed([scored], { model: 'text-embedding' });
    const status = await client().status();
    expect(status).toMatchObject({ settledMicro: 120n, recentJobs: [{ feeMicro: 120n, preview: scored }] });
    expect(jsonOf(status)).toMatchObject({ settledMicro: '120' });
    expect((await client().models()).map(({ id }) => id)).toEqual(['text-embedding']);
    expect((await client().model('text-embedding-3-small')).moe.pricePerKilobyteMicro).toBe(120n);
    expect((await client().balance()).availableMicro).toBe(4_999_880n);
    expect((await client().regions({ loss: 0.2, limit: 1 })).data.length).toBeLessThan(2);
  });

  it('says no with a code that programs know', async () => {
    const { embed } = client(service.poorApiKey);
    const error = await embed(['x'], { model: 'text-embedding' }).catch((thrown: unknown) => thrown);
    expect(isRefused(error, 'insufficient_quota')).toBe(true);
    expect(isRefused(error, 'model_not_found')).toBe(false);
    const wrong = await client()
      .embed(['good', ''], { model: 'text-embedding' })
      .catch((thrown: unknown) => thrown);
    expect(wrong).toMatchObject({
      code: 'market-refused',
      isRetryable: false,
      metadata: { status: 400, param: 'input[1]', code: 'invalid_request' },
    });
    expect((wrong as MoeError).metadata.requestId).toMatch(/^req_/);
    await expect(createMarketClient({ url: gateway.url }).balance()).rejects.toMatchObject({
      metadata: { code: 'missing_key' },
    });
  });

  it('is asked again when it is busy', async () => {
    service.failNext(new MoeError('overloaded', 'Later.', { isRetryable: true }));
    const startedMs = performance.now();
    expect((await client().embed(['x'], { model: 'text-embedding' })).vectors).toHaveLength(1);
    // Retry-After is a second.
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    service.failNext(new MoeError('overloaded', 'Later.', { isRetryable: true }));
    await expect(client().embed(['x'], { model: 'text-embedding', retries: 0 })).rejects.toMatchObject({
      isRetryable: true,
      metadata: { code: 'overloaded', retryAfterMs: 1_000 },
    });
  });

  it('drops what is stopped, also while it waits for another try', async () => {
    service.hold();
    const controller = new AbortController();
    const asked = client().embed(['x'], { model: 'text-embedding', signal: controller.signal });
    while (service.waiting.length === 0) await new Promise((done) => setTimeout(done, 5));
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'request-aborted' });
    while (service.aborted === 0) await new Promise((done) => setTimeout(done, 5));
    service.release();
    service.failNext(new MoeError('overloaded', 'Later.', { isRetryable: true }));
    const giveUp = AbortSignal.abort();
    await expect(client().embed(['x'], { model: 'text-embedding', giveUp })).rejects.toMatchObject({
      code: 'request-aborted',
    });
  });

  it('is followed over a restart', async () => {
    const seen: string[] = [];
    const controller = new AbortController();
    const following = (async () => {
      for await (const event of client().events({ signal: controller.signal })) {
        seen.push(event.type === 'job-routed' ? `${event.type} ${event.job.feeMicro}` : event.type);
        if (event.type === 'reset') break;
      }
    })();
    while (service.listeners === 0) await new Promise((done) => setTimeout(done, 5));
    while (!seen.includes('job-routed 120')) {
      await client().embed(['x'], { model: 'text-embedding' });
      await new Promise((done) => setTimeout(done, 50));
    }
    const { port } = gateway;
    await gateway.close();
    gateway = await createGateway({ service, port, limits: { closeGraceMs: 0 } });
    await following;
    expect(new Set(seen)).toEqual(new Set(['job-routed 120', 'reset']));
    const ended = client().events({ signal: AbortSignal.abort() });
    expect(await ended.next()).toEqual({ value: undefined, done: true });
  });

  it('shows its ledger, and takes what is signed', async () => {
    const { ledger } = client();
    const { network, supplyMicro } = await ledger.network();
    expect(supplyMicro).toBe(service.ledger.network().supplyMicro);
    expect((await ledger.market('text-embedding')).terms).toEqual(memory.terms);
    expect((await ledger.validators()).validators).toMatchObject([{ name: 'watcher' }]);
    expect((await ledger.experts('text-embedding')).experts).toMatchObject([{ askMicroPerKilobyte: 10n }]);
    expect((await ledger.quote('text-embedding')).expertCount).toBe(1);
    expect((await ledger.metagraph('text-embedding')).nodes).toHaveLength(2);
    expect((await ledger.weights('text-embedding')).rows).toEqual([]);
    await expect(ledger.market('nowhere')).rejects.toMatchObject({ metadata: { code: 'unknown_market' } });
    const action = { kind: 'transfer', to: memory.bob, amountMicro: 10_000_000n } as const;
    const { transaction, preview } = await prepareTransaction(ledger, memory.alice.address, action, network);
    expect(preview).toMatchObject({ costMicro: 10_000_000n, outcome: { applied: true }, warnings: [] });
    const { index } = await sendTransaction(ledger, memory.alice, transaction);
    expect(index).toBe(preview.height);
    expect((await ledger.account(memory.bob)).balanceMicro).toBe(10_000_000n);
    // An address with a checksum in the case of its letters is the same account.
    const shown = { ...action, to: formatAccount(memory.bob) as AccountId };
    expect(shown.to).not.toBe(memory.bob);
    const again = await prepareTransaction(ledger, memory.alice.address, shown, network);
    expect(again.transaction).toMatchObject({ to: memory.bob });
    // The number was used: the same again is refused, and not sent twice.
    await expect(sendTransaction(ledger, memory.alice, transaction)).rejects.toMatchObject({
      metadata: { code: 'wrong_nonce' },
    });
  });
});

describe('what is no good market', () => {
  let server: Server;
  let asked: string[];
  const serve = async (answer: RequestListener): Promise<string> => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['no JSON', 'hello'],
    ['another shape', '{"version": 1}'],
    ['a list', '[]'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('is told from one by %s', async (_what, body) => {
    const url = await serve((_request, response) => response.end(body));
    await expect(createMarketClient({ url }).status()).rejects.toMatchObject({ code: 'invalid-answer' });
    expect(asked).toHaveLength(1);
  });

  it('cannot send without end', async () => {
    const url = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const client = createMarketClient({ url, maxAnswerBytes: 1_000_000 });
    await expect(client.status()).rejects.toThrow('longer than 1000000 bytes');
    await expect(client.ledger.network()).rejects.toMatchObject({ code: 'invalid-answer' });
  });

  it('cannot keep anybody waiting', async () => {
    const url = await serve(() => {});
    await expect(createMarketClient({ url }).status({ timeoutMs: 50, retries: 0 })).rejects.toThrow(
      'did not answer in time',
    );
  });

  it('cannot send the key elsewhere, nor steer a terminal', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/v1/status') response.writeHead(302, { location: '/elsewhere' }).end();
      else
        response
          .writeHead(400, { 'x-request-id': 'r' })
          .end('{"error":{"message":"\\u001b[2Jno\\nno","type":"x","param":null,"code":"\\u009b2K"}}');
    });
    const client = createMarketClient({ url, apiKey: 'secret', retries: 0 });
    await expect(client.status()).rejects.toMatchObject({ code: 'market-unreachable' });
    expect(asked).toEqual(['GET /v1/status']);
    const error: MoeError = await client.balance().then(
      () => expect.fail(),
      (thrown) => thrown,
    );
    expect(error.message).toBe('no no');
    expect(error.metadata).toEqual({ status: 400, code: '', requestId: 'r' });
  });

  it('gets a transaction once, and anything else three times', async () => {
    const url = await serve((_request, response) => response.writeHead(503, { 'retry-after': '0' }).end());
    const { ledger } = createMarketClient({ url });
    const draft = { kind: 'transfer' } as never;
    await expect(ledger.submit(draft, '0x00')).rejects.toMatchObject({ metadata: { status: 503 } });
    expect(asked).toEqual(['POST /v1/transactions']);
    await expect(ledger.preview(draft)).rejects.toMatchObject({ metadata: { status: 503 } });
    expect(asked.slice(1)).toEqual(Array(3).fill('POST /v1/transactions/preview'));
  });

  it('is not followed for ever where it refuses, sends no events or endless ones', async () => {
    const next = async (answer: RequestListener): Promise<unknown> => {
      const url = await serve(answer);
      const error = await createMarketClient({ url })
        .events()
        .next()
        .catch((thrown: unknown) => thrown);
      server.closeAllConnections();
      server.close();
      return error;
    };
    expect(await next((_request, response) => response.writeHead(401).end())).toMatchObject({
      metadata: { status: 401 },
    });
    expect(await next((_request, response) => response.end('{}'))).toMatchObject({ code: 'invalid-answer' });
    const stream = { 'content-type': 'text/event-stream' };
    expect(
      await next((_request, response) => {
        response.writeHead(200, stream).write('data: ');
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      }),
    ).toMatchObject({ code: 'invalid-answer' });
    expect(
      await next((_request, response) => {
        response
          .writeHead(200, stream)
          .write('event: later-invented\ndata: {}\n\nevent: job-routed\ndata: {}\n\n');
      }),
    ).toMatchObject({ code: 'invalid-answer' });
  });

  it('is not asked for what are no texts', async () => {
    const url = await serve((_request, response) => response.end());
    const { embed } = createMarketClient({ url });
    for (const texts of ['text', [1], undefined])
      await expect(embed(texts as never, { model: 'x' })).rejects.toMatchObject({ code: 'invalid-input' });
    expect(asked).toEqual([]);
  });

  it.each(['ftp://x', 'http://me:secret@x', 'x'])('has the address %s', (url) => {
    expect(() => createMarketClient({ url })).toThrow(MoeError);
  });
});
