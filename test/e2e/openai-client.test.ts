/** The official `openai` client, unmodified, against the gateway. */
import { MoeError } from '@market-of-experts/core';
import { createGateway, type Gateway } from '@market-of-experts/gateway/index';
import OpenAI, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSimulatedMarket, type SimulatedMarket } from '../../packages/gateway/test/simulated-market.ts';

let market: SimulatedMarket;
let gateway: Gateway;
const model = 'text-embedding';

beforeAll(async () => {
  market = createSimulatedMarket();
  gateway = await createGateway({
    service: market,
    port: 0,
    limits: { maxConcurrentRequests: 1, maxQueuedRequests: 0 },
    reportError: () => {},
  });
});

afterAll(() => gateway.close());

const client = (options: { apiKey?: string; maxRetries?: number } = {}) =>
  new OpenAI({
    baseURL: `${gateway.url}/v1`,
    apiKey: options.apiKey ?? market.apiKey,
    maxRetries: options.maxRetries ?? 0,
  });

describe('the openai client', () => {
  it('embeds one text (in base64, its default)', async () => {
    const answer = await client().embeddings.create({ model, input: 'hello world' });
    expect(answer.data[0]!.embedding).toHaveLength(384);
    expect(Math.hypot(...answer.data[0]!.embedding)).toBeCloseTo(1, 5);
    expect(answer.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    expect(answer.model).toBe(model);
  });

  it('embeds many texts, in order', async () => {
    const input = Array.from({ length: 100 }, (_, index) => `text ${index}`);
    const answer = await client().embeddings.create({ model, input });
    expect(answer.data.map((item) => item.index)).toEqual(input.map((_, index) => index));
    const one = await client().embeddings.create({ model, input: 'text 42' });
    expect(answer.data[42]!.embedding).toEqual(one.data[0]!.embedding);
  });

  it('gets the same numbers as floats and as base64', async () => {
    const create = (encoding_format: 'float' | 'base64') =>
      client().embeddings.create({ model, input: 'the same text', encoding_format });
    const floats = (await create('float')).data[0]!.embedding;
    const bytes = Buffer.from((await create('base64')).data[0]!.embedding as unknown as string, 'base64');
    expect(floats).toEqual(floats.map((_, index) => bytes.readFloatLE(index * 4)));
  });

  it('gets shorter vectors', async () => {
    const answer = await client().embeddings.create({ model, input: 'hello', dimensions: 128, user: 'u' });
    expect(answer.data[0]!.embedding).toHaveLength(128);
    expect(Math.hypot(...answer.data[0]!.embedding)).toBeCloseTo(1, 5);
  });

  it('sees the receipt in the header and the request id', async () => {
    const { data, response, request_id } = await client()
      .embeddings.create({ model, input: 'hello' })
      .withResponse();
    const { moe } = data as unknown as { moe: { receipts: string[]; feeMicro: string } };
    expect(response.headers.get('x-moe-receipt')).toBe(moe.receipts[0]);
    expect(moe.feeMicro).toBe('120');
    expect(request_id).toMatch(/^req_/);
  });

  it('lists and retrieves models', async () => {
    const ids: string[] = [];
    for await (const listed of client().models.list()) ids.push(listed.id);
    expect(ids).toEqual([model]);
    expect((await client().models.retrieve(model)).owned_by).toBe('market-of-experts');
    await expect(client().models.retrieve('gpt-9')).rejects.toBeInstanceOf(NotFoundError);
  });

  it('raises its own class for each kind of error', async () => {
    const create = (body: object, key?: string) =>
      client(key === undefined ? {} : { apiKey: key }).embeddings.create({
        model,
        input: 'hello',
        ...body,
      } as OpenAI.EmbeddingCreateParams);
    await expect(create({}, 'wrong')).rejects.toBeInstanceOf(AuthenticationError);
    await expect(create({ model: 'gpt-9' })).rejects.toMatchObject({
      constructor: NotFoundError,
      code: 'model_not_found',
      param: 'model',
    });
    await expect(create({ input: '' })).rejects.toMatchObject({
      constructor: BadRequestError,
      param: 'input',
      type: 'invalid_request_error',
    });
    await expect(create({ input: [[1, 2]] })).rejects.toBeInstanceOf(BadRequestError);
    await expect(create({}, market.poorApiKey)).rejects.toMatchObject({
      constructor: APIError,
      status: 402,
      code: 'insufficient_quota',
    });
    market.failNext(new Error('a defect'));
    await expect(create({})).rejects.toBeInstanceOf(InternalServerError);
    market.failNext(new MoeError('no-quorum', 'Too few experts answered.', { isRetryable: true }));
    await expect(create({})).rejects.toMatchObject({ constructor: InternalServerError, status: 503 });
  });

  it('is told to slow down, and leaves when it is aborted', async () => {
    market.hold();
    const controller = new AbortController();
    const held = client().embeddings.create({ model, input: 'held' }, { signal: controller.signal });
    const aborted = expect(held).rejects.toBeInstanceOf(APIUserAbortError);
    await vi.waitFor(() => expect(market.waiting).toHaveLength(1));
    const refused = client().embeddings.create({ model, input: 'one too many' });
    await expect(refused).rejects.toBeInstanceOf(RateLimitError);
    controller.abort();
    await aborted;
    await vi.waitFor(() => expect(market.aborted).toBe(1));
    market.release();
  });

  it('retries by itself what may be retried', async () => {
    market.failNext(new MoeError('no-quorum', 'Too few experts answered.', { isRetryable: true }));
    const answer = await client({ maxRetries: 1 }).embeddings.create({ model, input: 'hello' });
    expect(answer.data).toHaveLength(1);
  });
});
