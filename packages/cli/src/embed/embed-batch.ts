import { MoeError, systemClock } from '@market-of-experts/core';
import { type MarketClient, readAnswer } from '../market/market-client.ts';
import { embeddingsSchema } from '../market/shapes.ts';

/** What each request carries beside the texts. */
export interface RequestSettings {
  readonly model: string;
  readonly dimensions: number | undefined;
  /** Options of our own: mode, delivery, maxFeeCredits. */
  readonly moe: Readonly<Record<string, string>>;
  /** How often a request is sent again that failed for a passing reason. */
  readonly retries: number;
}

type TextResult =
  | { readonly vector: Float32Array; readonly receipt: string | undefined }
  | { readonly reason: string };

export interface BatchResult {
  /** In the order of the texts. */
  readonly results: readonly TextResult[];
  readonly feeMicro: bigint;
  /** False when nothing was answered after all retries: the market is in trouble, not the texts. */
  readonly isAnswered: boolean;
}

/** A batch may take as long as its slowest text in a busy market. */
const requestTimeoutMs = 5 * 60_000;
const longestWaitMs = 15_000;

/**
 * Embeds texts in one request. A text that the market refuses is found and set aside, and the others are sent
 * again. Rejects when it makes no sense to go on: no market, no key, no funds, or `stopped`.
 */
export async function embedBatch(
  client: MarketClient,
  texts: readonly string[],
  settings: RequestSettings,
  signals: { readonly stop: AbortSignal; readonly abort: AbortSignal },
): Promise<BatchResult> {
  try {
    return await request(client, texts, settings, signals);
  } catch (error) {
    if (!(error instanceof MoeError) || error.code !== 'market-refused') throw error;
    const status = Number(error.metadata.status);
    const param = typeof error.metadata.param === 'string' ? error.metadata.param : undefined;
    if (error.isRetryable)
      return { results: texts.map(() => ({ reason: error.message })), feeMicro: 0n, isAnswered: false };
    if (![400, 413, 422].includes(status) || !isAboutInput(param)) throw error;
    if (texts.length === 1) return { results: [{ reason: error.message }], feeMicro: 0n, isAnswered: true };
    const bad = Number(/^input\[(\d+)\]$/.exec(param ?? '')?.[1] ?? Number.NaN);
    const cut = bad < texts.length ? bad : texts.length >> 1;
    const parts =
      bad < texts.length
        ? [texts.slice(0, bad), texts.slice(bad + 1)]
        : [texts.slice(0, cut), texts.slice(cut)];
    const [before, after] = [
      await embedSome(client, parts[0]!, settings, signals),
      await embedSome(client, parts[1]!, settings, signals),
    ];
    return {
      results: [
        ...before.results,
        ...(bad < texts.length ? [{ reason: error.message }] : []),
        ...after.results,
      ],
      feeMicro: before.feeMicro + after.feeMicro,
      isAnswered: true,
    };
  }
}

async function embedSome(
  ...args: Parameters<typeof embedBatch>
): Promise<Pick<BatchResult, 'results' | 'feeMicro'>> {
  return args[1].length === 0 ? { results: [], feeMicro: 0n } : embedBatch(...args);
}

function isAboutInput(param: string | undefined): boolean {
  return param === undefined || param === 'body' || param.startsWith('input');
}

async function request(
  client: MarketClient,
  texts: readonly string[],
  settings: RequestSettings,
  signals: { readonly stop: AbortSignal; readonly abort: AbortSignal },
): Promise<BatchResult> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await client.json('/v1/embeddings', {
        body: {
          model: settings.model,
          input: texts,
          encoding_format: 'base64',
          ...(settings.dimensions === undefined ? {} : { dimensions: settings.dimensions }),
          ...(Object.keys(settings.moe).length === 0 ? {} : { moe: settings.moe }),
        },
        timeoutMs: requestTimeoutMs,
        signal: signals.abort,
      });
      return readVectors(answer, texts.length, client.url);
    } catch (error) {
      if (!(error instanceof MoeError) || !error.isRetryable || attempt >= settings.retries) throw error;
      const asked = Number(error.metadata.retryAfterMs ?? 250 * 2 ** attempt);
      try {
        await systemClock.sleep(Math.min(longestWaitMs, asked), signals.stop);
      } catch {
        throw new MoeError('request-aborted', 'The run was stopped while it waited to try again.');
      }
    }
  }
}

function readVectors(answer: unknown, texts: number, url: string): BatchResult {
  const { data, moe } = readAnswer(answer, embeddingsSchema, url);
  const results: TextResult[] = Array.from({ length: texts }, () => ({
    reason: 'The market left this text out of its answer.',
  }));
  for (const { index, embedding } of data) {
    if (index < 0 || index >= texts) continue;
    const vector = fromBase64(embedding);
    results[index] =
      vector.length > 0 && vector.every(Number.isFinite)
        ? { vector, receipt: moe?.receipts[index] }
        : { reason: 'The market answered with something that is no vector.' };
  }
  return { results, feeMicro: moe?.feeMicro ?? 0n, isAnswered: true };
}

/** float32, little-endian. */
function fromBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  const vector = new Float32Array(bytes.length >> 2);
  for (let index = 0; index < vector.length; index += 1) vector[index] = bytes.readFloatLE(index * 4);
  return vector;
}
