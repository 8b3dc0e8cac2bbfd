import { isMoeError, MoeError } from '@market-of-experts/core/errors';
import { schemaProblem } from '@market-of-experts/core/schema-problem';
import type { z } from 'zod';
import { type Advice, defaultAdvice, invalidAnswer, stopped, unreachable } from './errors.ts';
import { pause } from './pause.ts';
import { readBody, utf8 } from './read-body.ts';
import { refusalOf } from './refusal.ts';

export interface MarketAddress {
  /** Where the market answers, e.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Pays for texts, and shows the words of texts that it paid for. */
  readonly apiKey?: string | undefined;
  /** How often what may be asked twice is asked again after a passing trouble; default 2. */
  readonly retries?: number;
  /** How long one try may take; default 30 s. */
  readonly timeoutMs?: number;
  /** Largest answer that is read; default 256 MiB. */
  readonly maxAnswerBytes?: number;
  /** What messages tell people to do where nothing answers. */
  readonly advice?: Advice;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  /** Ends the request, and all waiting for another try: it rejects with `request-aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** From when it is aborted there is no other try; one that is under way may end. */
  readonly giveUp?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  readonly retries?: number;
}

interface Ask extends CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an answer was read from, by the answer. */
const wires = new WeakMap<object, Record<string, unknown>>();

/** The JSON that an answer of the client was read from, with whatever a newer market adds: to be stored or passed on. */
export function jsonOf(answer: object): Record<string, unknown> {
  const json = wires.get(answer);
  if (json === undefined)
    throw new MoeError('invalid-input', 'This is no answer of a market, or a copy of one.');
  return json;
}

/** Requests to one market. Rejections are `MoeError`s: `market-refused`, `market-unreachable`, `invalid-answer`, `request-aborted`. */
export interface Requests {
  readonly url: string;
  readonly advice: Advice;
  /** A stream that the market has begun to send. */
  open(path: string, options?: Ask): Promise<Response>;
  bytes(path: string, options?: Ask): Promise<Uint8Array>;
  read<Shape extends object>(path: string, schema: z.ZodType<Shape>, options?: Ask): Promise<Shape>;
}

const defaults = { retries: 2, timeoutMs: 30_000, maxAnswerBytes: 256 * 1024 * 1024 };
const firstWaitMs = 250;
const longestWaitMs = 15_000;

export function createRequests(address: MarketAddress): Requests {
  const { apiKey, advice = defaultAdvice } = address;
  const url = baseOf(address.url);
  const { retries, timeoutMs, maxAnswerBytes } = { ...defaults, ...withoutUndefined(address) };

  const send = (path: string, { body, headers }: Ask, signal: AbortSignal): Promise<Response> =>
    (address.fetch ?? fetch)(`${url}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...headers,
      },
      // A redirect would carry the key and the texts to a place that nobody named.
      redirect: 'error',
      signal,
    });
  const readAll = async (response: Response): Promise<Uint8Array> => {
    const bytes = await readBody(response, maxAnswerBytes);
    if (bytes !== undefined) return bytes;
    throw new MoeError('invalid-answer', `The market's answer is longer than ${maxAnswerBytes} bytes.`);
  };
  /** One try. */
  const attempt = async <Result>(
    path: string,
    options: Ask,
    take: (response: Response) => Promise<Result>,
  ): Promise<Result> => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), options.timeoutMs ?? timeoutMs);
    const { signal } = options;
    try {
      const response = await send(
        path,
        options,
        signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]),
      );
      if (!response.ok) throw refusalOf(response, utf8(await readAll(response)));
      return await take(response);
    } catch (error) {
      if (isMoeError(error)) throw error;
      if (signal?.aborted) throw stopped();
      throw unreachable(url, late.signal.aborted, error, advice);
    } finally {
      clearTimeout(timer);
    }
  };
  const tried = async <Result>(options: Ask, once: () => Promise<Result>): Promise<Result> => {
    for (let tries = 0; ; tries += 1)
      try {
        return await once();
      } catch (error) {
        if (!isMoeError(error) || !error.isRetryable || tries >= (options.retries ?? retries)) throw error;
        const waitMs = Number(error.metadata.retryAfterMs ?? firstWaitMs * 2 ** tries);
        await pause(Math.min(longestWaitMs, waitMs), options.signal, options.giveUp);
      }
  };
  const bytes = (path: string, options: Ask = {}): Promise<Uint8Array> =>
    tried(options, () => attempt(path, options, readAll));

  return {
    url,
    advice,
    bytes,
    open: (path, options = {}) => attempt(path, options, async (response) => response),
    async read(path, schema, options) {
      const json = parse(await bytes(path, options), url, advice);
      const result = schema.safeParse(json);
      if (!result.success) throw invalidAnswer(url, schemaProblem(result.error, 'it'), advice);
      wires.set(result.data, json);
      return result.data;
    },
  };
}

function parse(bytes: Uint8Array, url: string, advice: Advice): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(utf8(bytes) ?? '');
  } catch (cause) {
    throw invalidAnswer(url, cause instanceof Error ? cause.message : String(cause), advice);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw invalidAnswer(url, 'it is no JSON object', advice);
  return value as Record<string, unknown>;
}

/** Without a slash at the end. Throws `invalid-input`. */
function baseOf(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new MoeError(
      'invalid-input',
      `"${given}" is not an address of a market, like http://127.0.0.1:8787.`,
    );
  if (url.username !== '' || url.password !== '')
    throw new MoeError('invalid-input', 'Leave user and password out of the address; the key is `apiKey`.');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function withoutUndefined<T extends object>(given: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
