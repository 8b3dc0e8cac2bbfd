import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ExpertBackend } from '../../src/backend.ts';
import { type OpenAiBackendInit, openAiBackend } from '../../src/openai/openai-backend.ts';

interface SeenRequest {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly texts: readonly string[];
  readonly body: { readonly model: string; readonly encoding_format: string };
}
type Reply = (request: SeenRequest, response: ServerResponse, attempt: number) => void;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server that speaks the protocol: `reply` decides each answer and `seen` keeps what was asked. */
async function startServer(reply: Reply): Promise<{ baseUrl: string; seen: SeenRequest[]; server: Server }> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (incoming: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const request = {
      url: incoming.url ?? '',
      authorization: incoming.headers.authorization,
      texts: body.input,
      body,
    };
    seen.push(request);
    reply(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, seen, server };
}

async function openBackend(
  init: Partial<OpenAiBackendInit> & { readonly baseUrl: string },
): Promise<ExpertBackend> {
  const backend = await openAiBackend({
    name: 'mock',
    model: 'tiny',
    dimensions: 3,
    timeoutMs: 5_000,
    ...init,
  });
  closers.push(() => backend.close());
  return backend;
}

/** Length of the text, then 1, then 0: each text's vector is known. */
const vectorOf = (text: string): number[] => [text.length, 1, 0];
const send = (response: ServerResponse, status: number, body: string, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
};
const good: Reply = ({ texts }, response) =>
  send(
    response,
    200,
    JSON.stringify({
      object: 'list',
      data: texts.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) })),
    }),
  );
const withData =
  (data: unknown): Reply =>
  (_, response) =>
    send(response, 200, JSON.stringify({ data }));

describe('an OpenAI-compatible backend', () => {
  it('asks for the texts and gives their vectors in order', async () => {
    const { baseUrl, seen } = await startServer(good);
    const backend = await openBackend({ baseUrl, apiKey: 'key-1' });
    expect(await backend.embed(['a', 'bb'])).toEqual([Float32Array.of(1, 1, 0), Float32Array.of(2, 1, 0)]);
    expect(seen).toMatchObject([
      { url: '/v1/embeddings', authorization: 'Bearer key-1', texts: ['a', 'bb'] },
    ]);
    expect(seen[0]!.body).toMatchObject({ model: 'tiny', encoding_format: 'float' });
  });

  it('puts vectors that came in another order into the order of the texts', async () => {
    const { baseUrl } = await startServer(
      withData([
        { index: 1, embedding: [2, 0, 0] },
        { index: 0, embedding: [1, 0, 0] },
      ]),
    );
    const backend = await openBackend({ baseUrl });
    expect((await backend.embed(['a', 'b'])).map(([first]) => first)).toEqual([1, 2]);
  });

  it('reads base64 when it was asked for', async () => {
    const { baseUrl, seen } = await startServer(({ texts }, response) =>
      send(
        response,
        200,
        JSON.stringify({
          data: texts.map((text, index) => ({
            index,
            embedding: Buffer.from(Float32Array.from(vectorOf(text)).buffer).toString('base64'),
          })),
        }),
      ),
    );
    const backend = await openBackend({ baseUrl, encodingFormat: 'base64' });
    expect(await backend.embed(['four'])).toEqual([Float32Array.of(4, 1, 0)]);
    expect(seen[0]!.body.encoding_format).toBe('base64');
  });

  it('learns the dimensions from the server when they are not given', async () => {
    const { baseUrl } = await startServer(good);
    const backend = await openAiBackend({ name: 'mock', model: 'tiny', baseUrl });
    closers.push(() => backend.close());
    expect(backend.dimensions).toBe(3);
  });

  it('asks again after 429', async () => {
    const { baseUrl, seen } = await startServer((request, response, attempt) => {
      if (attempt === 1) send(response, 429, '{"error":{"message":"slow down"}}', { 'retry-after': '0.05' });
      else good(request, response, attempt);
    });
    const backend = await openBackend({ baseUrl });
    expect(await backend.embed(['abc'])).toEqual([Float32Array.of(3, 1, 0)]);
    expect(seen).toHaveLength(2);
  });

  it('gives up at once when 429 asks for more time than there is', async () => {
    const { baseUrl, seen } = await startServer((_, response) =>
      send(response, 429, '{}', { 'retry-after': '3600' }),
    );
    const backend = await openBackend({ baseUrl });
    await expect(backend.embed(['a'])).rejects.toMatchObject({
      code: 'backend-unavailable',
      isRetryable: true,
    });
    expect(seen).toHaveLength(1);
  });

  it('retries 500 a bounded number of times and then says what the server said', async () => {
    const { baseUrl, seen } = await startServer((_, response) => send(response, 500, 'out of memory'));
    const backend = await openBackend({ baseUrl, maxRetries: 2 });
    await expect(backend.embed(['a'])).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringContaining('500: out of memory'),
    });
    expect(seen).toHaveLength(3);
  });

  it('does not retry a refusal and does not show the key', async () => {
    const { baseUrl, seen } = await startServer((_, response) => send(response, 401, 'bad key'));
    const backend = await openBackend({ baseUrl, apiKey: 'secret-key' });
    const error = await backend.embed(['a']).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'backend-rejected', isRetryable: false });
    expect(JSON.stringify(error) + String(error)).not.toContain('secret-key');
    expect(seen).toHaveLength(1);
  });

  it('connects again after the server dropped the connection', async () => {
    const { baseUrl, seen } = await startServer((request, response, attempt) => {
      if (attempt === 1) response.destroy();
      else good(request, response, attempt);
    });
    const backend = await openBackend({ baseUrl });
    expect(await backend.embed(['a'])).toHaveLength(1);
    expect(seen).toHaveLength(2);
  });

  it('retries when an answer breaks off half-way', async () => {
    const { baseUrl } = await startServer((request, response, attempt) => {
      if (attempt > 1) return good(request, response, attempt);
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"data":[', () => response.destroy());
    });
    const backend = await openBackend({ baseUrl });
    expect(await backend.embed(['a'])).toHaveLength(1);
  });

  it('is unavailable when nothing listens', async () => {
    const { baseUrl, server } = await startServer(good);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const backend = await openBackend({ baseUrl, maxRetries: 1 });
    await expect(backend.embed(['a'])).rejects.toMatchObject({
      code: 'backend-unavailable',
      isRetryable: true,
    });
  });

  it('times out on a server that never answers', async () => {
    const { baseUrl } = await startServer(() => {});
    const backend = await openBackend({ baseUrl, timeoutMs: 60 });
    await expect(backend.embed(['a'])).rejects.toMatchObject({ code: 'backend-timeout', isRetryable: true });
  });

  const wrongAnswers: readonly (readonly [string, Reply])[] = [
    ['too few dimensions', withData([{ index: 0, embedding: [1, 2] }])],
    ['too many vectors', withData([{ embedding: [1, 2, 3] }, { embedding: [1, 2, 3] }])],
    ['the same index twice or a wrong one', withData([{ index: 5, embedding: [1, 2, 3] }])],
    ['text where a number is due', withData([{ index: 0, embedding: [1, '2', 3] }])],
    ['null where a number is due (how NaN is written)', withData([{ index: 0, embedding: [1, null, 3] }])],
    ['an infinity', (_, response) => send(response, 200, '{"data":[{"embedding":[1,1e999,3]}]}')],
    ['a number that overflows float32', withData([{ index: 0, embedding: [1, 1e39, 3] }])],
    [
      'NaN in base64',
      withData([{ embedding: Buffer.from(Float32Array.of(1, Number.NaN, 3).buffer).toString('base64') }]),
    ],
    ['base64 that is cut short', withData([{ embedding: 'AAAAAAA=' }])],
    ['JSON that is cut short', (_, response) => send(response, 200, '{"data":[{"embedding":[1,2')],
    ['no data', (_, response) => send(response, 200, 'null')],
    ['data that is no list of objects', withData([null])],
    ['an answer without an end', (_, response) => send(response, 200, `{"data":"${'x'.repeat(200_000)}"}`)],
  ];
  it.each(wrongAnswers)('refuses %s', async (_, reply) => {
    const { baseUrl, seen } = await startServer(reply);
    const backend = await openBackend({ baseUrl });
    await expect(backend.embed(['a'])).rejects.toMatchObject({ code: 'backend-invalid-output' });
    expect(seen).toHaveLength(1);
  });

  it('joins what is asked at the same time, and long calls are cut into batches', async () => {
    const { baseUrl, seen } = await startServer(good);
    const backend = await openBackend({ baseUrl, maxBatch: 8, maxConcurrent: 1 });
    const texts = Array.from({ length: 20 }, (_, index) => 'x'.repeat(index + 1));
    const [single, long, other] = await Promise.all([
      backend.embed(['abc']),
      backend.embed(texts),
      backend.embed(['abcd']),
    ]);
    expect(single).toEqual([Float32Array.of(3, 1, 0)]);
    expect(other).toEqual([Float32Array.of(4, 1, 0)]);
    expect(long.map(([length]) => length)).toEqual(texts.map((text) => text.length));
    expect(seen.length).toBeLessThan(5);
    expect(Math.max(...seen.map((request) => request.texts.length))).toBeLessThanOrEqual(8);
  });

  it('answers the others when the text of one caller is refused', async () => {
    const { baseUrl } = await startServer((request, response, attempt) => {
      if (request.texts.includes('bad')) send(response, 400, 'bad text');
      else good(request, response, attempt);
    });
    const backend = await openBackend({ baseUrl });
    const outcomes = await Promise.allSettled([
      backend.embed(['good']),
      backend.embed(['bad']),
      backend.embed(['fine too']),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('refuses more than may wait', async () => {
    const { baseUrl } = await startServer(() => {});
    const backend = await openBackend({ baseUrl, maxWaiting: 10, maxBatch: 1, maxConcurrent: 1 });
    const waiting = backend.embed(Array.from({ length: 10 }, () => 'x'));
    waiting.catch(() => {});
    await expect(backend.embed(['one more'])).rejects.toMatchObject({
      code: 'overloaded',
      isRetryable: true,
    });
    await backend.close();
    await expect(waiting).rejects.toMatchObject({ code: 'backend-unavailable' });
  });

  it('ends the request when every caller has gone, and only then', async () => {
    let arrived = (): void => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let closed = (): void => {};
    const closing = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { baseUrl } = await startServer((_, response) => {
      response.on('close', closed);
      arrived();
    });
    const backend = await openBackend({ baseUrl });
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [
      backend.embed(['a'], { signal: first.signal }),
      backend.embed(['b'], { signal: second.signal }),
    ];
    await arrival;
    first.abort();
    await expect(calls[0]).rejects.toMatchObject({ code: 'request-aborted' });
    second.abort();
    await expect(calls[1]).rejects.toMatchObject({ code: 'request-aborted' });
    await closing;
  });

  it('says which setting is wrong', async () => {
    await expect(openAiBackend({ name: 'x', model: 'y', baseUrl: 'localhost:80' })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('baseUrl'),
    });
  });
});
