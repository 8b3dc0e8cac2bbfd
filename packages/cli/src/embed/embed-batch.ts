import { type EmbedOptions, isRefused, type MarketClient } from '@market-of-experts/sdk';

/** What each request carries beside the texts. */
export interface RequestSettings {
  readonly model: string;
  readonly dimensions: number | undefined;
  /** Options of our own. */
  readonly moe: Pick<EmbedOptions, 'mode' | 'maxFeeCredits'>;
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
    if (!isRefused(error)) throw error;
    const { status, param } = error.metadata;
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
  { model, dimensions, moe, retries }: RequestSettings,
  signals: { readonly stop: AbortSignal; readonly abort: AbortSignal },
): Promise<BatchResult> {
  const { vectors, receipts, feeMicro } = await client.embed(texts, {
    model,
    dimensions,
    ...moe,
    // What is stored must be comparable.
    isStrict: true,
    retries,
    signal: signals.abort,
    giveUp: signals.stop,
  });
  const results = vectors.map((vector, index): TextResult => {
    return vector === undefined
      ? { reason: 'The market answered with nothing for this text, or with something that is no vector.' }
      : { vector, receipt: receipts[index] };
  });
  return { results, feeMicro, isAnswered: true };
}
