import { MoeError, messageOf, schemaProblem } from '@market-of-experts/core';
import { type Dispatcher, Pool } from 'undici';
import { z } from 'zod';
import type { ExpertBackend } from '../backend.ts';
import { backendTimeout, backendUnavailable, invalidOutput, requestAborted } from '../backend-errors.ts';
import { parseEmbeddings } from './embedding-response.ts';
import { ExchangeEnded, type HttpAnswer, postOver } from './http-exchange.ts';
import { MicroBatcher } from './micro-batcher.ts';
import { isRetryableStatus, retryPauseMs } from './retry-policy.ts';

/** Any server that speaks OpenAI's embeddings API: Ollama, vLLM, text-embeddings-inference, OpenAI. */
export interface OpenAiBackendInit {
  /** Catalogue name of the expert. */
  readonly name: string;
  /** Up to and without `/embeddings`, e.g. `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string;
  /** What the server calls the model. */
  readonly model: string;
  readonly apiKey?: string;
  /** Length of the vectors; when it is not given, the server is asked for one on opening. */
  readonly dimensions?: number;
  /** What is asked for; both forms are understood in the answer. Base64 is three times faster to read. */
  readonly encodingFormat?: 'float' | 'base64';
  /** For a batch with all its retries; default 30 s. */
  readonly timeoutMs?: number;
  /** Retries after 408, 429, 5xx and lost connections; default 2. */
  readonly maxRetries?: number;
  /** Texts per request; default 64. */
  readonly maxBatch?: number;
  /** Requests, and so connections, at once; default 8. */
  readonly maxConcurrent?: number;
  /** Texts that may wait; default 4096. */
  readonly maxWaiting?: number;
}

const count = (max: number) => z.int().min(1).max(max);
const initSchema = z.object({
  name: z.string().min(1).max(100),
  baseUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }),
  model: z.string().min(1).max(200),
  apiKey: z
    .string()
    .min(1)
    .max(1000)
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without spaces')
    .optional(),
  dimensions: count(65_536).optional(),
  encodingFormat: z.enum(['float', 'base64']).default('float'),
  timeoutMs: count(600_000).default(30_000),
  maxRetries: z.int().min(0).max(10).default(2),
  maxBatch: count(2048).default(64),
  maxConcurrent: count(256).default(8),
  maxWaiting: count(1_000_000).default(4096),
});
type Settings = z.infer<typeof initSchema>;

/** Most bytes of a number in JSON, with its comma. */
const bytesPerNumber = 28;
const bytesBesideVectors = 65_536;
const assumedDimensions = 4096;

/**
 * Opens an expert behind an embeddings server. Throws `invalid-input` for settings that cannot work;
 * asks the server once if the dimensions are unknown, and then rejects like `embed`. Beside the codes of the
 * port, `embed` rejects with `backend-rejected` (the server refused the request: wrong key, model, text) and
 * `overloaded`.
 */
export async function openAiBackend(init: OpenAiBackendInit): Promise<ExpertBackend> {
  const settings = parseInit(init);
  const { name } = settings;
  const base = new URL(settings.baseUrl);
  const pool = new Pool(base.origin, {
    connections: settings.maxConcurrent,
    pipelining: 1,
    connect: { timeout: Math.min(10_000, settings.timeoutMs) },
    // One timer per batch covers all; see `postOver`.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const client = new EmbeddingsClient(settings, pool, `${base.pathname.replace(/\/+$/, '')}/embeddings`);
  let dimensions = settings.dimensions;
  if (dimensions === undefined) {
    try {
      const [vector] = await client.embed(['dimension'], undefined, new AbortController().signal);
      dimensions = vector!.length;
    } catch (error) {
      await pool.destroy();
      throw error;
    }
  }
  const batcher = new MicroBatcher({
    name,
    maxBatch: settings.maxBatch,
    maxConcurrent: settings.maxConcurrent,
    maxWaiting: settings.maxWaiting,
    send: (texts, signal) => client.embed(texts, dimensions, signal),
  });
  return {
    name,
    dimensions,
    embed: (texts, options) => batcher.embed(texts, options?.signal),
    close: async () => {
      if (!pool.destroyed) await pool.destroy(backendUnavailable(name, 'it was closed.'));
    },
  };
}

function parseInit(init: OpenAiBackendInit): Settings {
  const parsed = initSchema.safeParse(init);
  if (parsed.success) return parsed.data;
  throw new MoeError(
    'invalid-input',
    `A setting of the embeddings server is wrong: ${schemaProblem(parsed.error)}.`,
  );
}

/** Sends batches: one request, its retries, and one deadline for all of them. */
class EmbeddingsClient {
  private readonly settings: Settings;
  private readonly pool: Dispatcher;
  private readonly path: string;
  private readonly headers: string[];
  private readonly bodyStart: string;
  private readonly bodyEnd: string;

  constructor(settings: Settings, pool: Dispatcher, path: string) {
    this.settings = settings;
    this.pool = pool;
    this.path = path;
    this.headers = ['content-type', 'application/json', 'accept', 'application/json'];
    if (settings.apiKey !== undefined) this.headers.push('authorization', `Bearer ${settings.apiKey}`);
    this.bodyStart = `{"model":${JSON.stringify(settings.model)},"input":`;
    this.bodyEnd = `,"encoding_format":"${settings.encodingFormat}"}`;
  }

  async embed(
    texts: readonly string[],
    dimensions: number | undefined,
    signal: AbortSignal,
  ): Promise<Float32Array[]> {
    const { name, timeoutMs, maxRetries } = this.settings;
    const body = this.bodyStart + JSON.stringify(texts) + this.bodyEnd;
    const maxBytes = bytesBesideVectors + texts.length * (dimensions ?? assumedDimensions) * bytesPerNumber;
    const deadlineMs = performance.now() + timeoutMs;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.attempt(body, maxBytes, deadlineMs - performance.now(), signal);
      if (!('failure' in outcome)) return parseEmbeddings(name, outcome.body, texts.length, dimensions);
      const pauseMs = retryPauseMs(attempt, Math.random(), outcome.retryAfter, Date.now());
      if (attempt >= maxRetries || performance.now() + pauseMs >= deadlineMs) throw outcome.failure;
      await pause(pauseMs, signal);
    }
  }

  /** Gives back what a retry may mend, throws what it may not. */
  private async attempt(
    body: string,
    maxBytes: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<HttpAnswer | { readonly failure: MoeError; readonly retryAfter?: string | undefined }> {
    const { name } = this.settings;
    if (signal.aborted) throw requestAborted();
    const exchange = postOver(
      this.pool,
      { path: this.path, headers: this.headers, body },
      { timeoutMs, maxBytes },
    );
    signal.addEventListener('abort', exchange.abort, { once: true });
    let answer: HttpAnswer;
    try {
      answer = await exchange.answer;
    } catch (error) {
      if (!(error instanceof ExchangeEnded))
        return {
          failure: backendUnavailable(name, `no answer from ${this.address()} (${messageOf(error)}).`, error),
        };
      if (error.end === 'aborted') throw requestAborted();
      if (error.end === 'timeout') throw backendTimeout(name, this.settings.timeoutMs);
      throw invalidOutput(name, `it is longer than ${maxBytes} bytes.`);
    } finally {
      signal.removeEventListener('abort', exchange.abort);
    }
    if (answer.status === 200) return answer;
    const said = `${this.address()} answered ${answer.status}: ${excerptOf(answer.body)}`;
    if (isRetryableStatus(answer.status))
      return { failure: backendUnavailable(name, said), retryAfter: answer.retryAfter };
    throw new MoeError(
      'backend-rejected',
      `The server of "${name}" refused the request. ${said} Check its address, model and API key.`,
      { metadata: { status: answer.status } },
    );
  }

  private address(): string {
    return this.settings.baseUrl.replace(/\/\/[^/@]*@/, '//');
  }
}

/** The start of what a server said, on one line. */
function excerptOf(body: Buffer): string {
  const text = body.toString('utf8', 0, 300).replace(/\s+/g, ' ').trim();
  return text === '' ? '(nothing)' : text;
}

function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(requestAborted());
    const onAbort = () => {
      clearTimeout(timer);
      reject(requestAborted());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, pauseMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
