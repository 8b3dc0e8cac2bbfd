import { MoeError, messageOf, textOf } from '@market-of-experts/core';
import type { z } from 'zod';
import type { Connection } from './connection.ts';
import { errorSchema } from './shapes.ts';

/** Largest answer that is read: a receipt with its evidence, a batch of vectors. */
const maxAnswerBytes = 256 * 1024 * 1024;
const defaultTimeoutMs = 30_000;

interface CallOptions {
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * A market over HTTP. Rejections are `MoeError`s: `market-unreachable` (retryable), `market-refused` (the market
 * said no; `metadata` has `status`, `code`, `param`, `retryAfterMs`), `invalid-answer`, `request-aborted`.
 */
export interface MarketClient {
  readonly url: string;
  /** The JSON object at `path`, as it came. */
  json(path: string, options?: CallOptions): Promise<Record<string, unknown>>;
  bytes(path: string, options?: CallOptions): Promise<Uint8Array>;
}

export function createMarketClient(connection: Connection): MarketClient {
  const bytes = async (path: string, options: CallOptions = {}): Promise<Uint8Array> => {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    try {
      const response = await fetch(`${connection.url}${path}`, {
        ...(options.body === undefined ? {} : { method: 'POST', body: JSON.stringify(options.body) }),
        headers: {
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(connection.apiKey === undefined ? {} : { authorization: `Bearer ${connection.apiKey}` }),
        },
        // A redirect would carry the key and the texts to a place that nobody named.
        redirect: 'error',
        signal,
      });
      const answer = await readAll(response);
      if (!response.ok) throw refusal(response, answer);
      return answer;
    } catch (error) {
      if (error instanceof MoeError) throw error;
      if (options.signal?.aborted) throw new MoeError('request-aborted', 'The request was stopped.');
      throw unreachable(connection.url, timeout.aborted, error);
    }
  };
  return {
    url: connection.url,
    bytes,
    async json(path, options) {
      return parseJson(await bytes(path, options), connection.url);
    },
  };
}

/** Reads an answer into a typed value. Throws `invalid-answer`. */
export function readAnswer<Shape>(answer: unknown, schema: z.ZodType<Shape>, url: string): Shape {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidAnswer(url, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function parseJson(bytes: Uint8Array, url: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(textOf(bytes));
  } catch (cause) {
    throw invalidAnswer(url, messageOf(cause));
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw invalidAnswer(url, 'it is no JSON object');
  return value as Record<string, unknown>;
}

async function readAll(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > maxAnswerBytes)
      throw new MoeError('invalid-answer', `The market's answer is longer than ${maxAnswerBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function refusal(response: Response, answer: Uint8Array): MoeError {
  let parsed: z.infer<typeof errorSchema> | undefined;
  try {
    parsed = errorSchema.parse(JSON.parse(textOf(answer)));
  } catch {
    // Something between us and the market answered in a form of its own: the status is all there is.
  }
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new MoeError(
    'market-refused',
    parsed?.error.message ?? `${response.url} answered ${response.status} ${response.statusText}.`,
    {
      metadata: {
        status: response.status,
        ...(typeof parsed?.error.code === 'string' ? { code: parsed.error.code } : {}),
        ...(typeof parsed?.error.param === 'string' ? { param: parsed.error.param } : {}),
        ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter * 1_000 } : {}),
      },
      isRetryable: response.status === 429 || response.status === 408 || response.status >= 500,
    },
  );
}

function unreachable(url: string, isTimeout: boolean, error: unknown): MoeError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = (cause as { code?: unknown } | undefined)?.code;
  const message = isTimeout
    ? `The market at ${url} did not answer in time. Look at its terminal, or try again.`
    : code === 'ECONNREFUSED'
      ? `No market answers at ${url}. Start one with \`moe up\` (or \`npm start\`), or name another with --url.`
      : `The market at ${url} cannot be reached: ${messageOf(cause)}. Check --url and that \`moe up\` runs.`;
  return new MoeError('market-unreachable', message, {
    isRetryable: true,
    metadata: { url, ...(typeof code === 'string' ? { reason: code } : {}) },
  });
}

function invalidAnswer(url: string, detail: string): MoeError {
  return new MoeError(
    'invalid-answer',
    `What answers at ${url} does not speak like a market of this version (${detail}). Check --url.`,
  );
}
