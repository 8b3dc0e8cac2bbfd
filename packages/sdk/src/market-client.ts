import { type Balance, balanceSchema } from '@market-of-experts/api/balance';
import { type Model, modelSchema, modelsSchema } from '@market-of-experts/api/models';
import { type Receipt, receiptSchema } from '@market-of-experts/api/receipts';
import { type Regions, regionsSchema } from '@market-of-experts/api/regions';
import { type Status, statusSchema } from '@market-of-experts/api/status';
import { type Embedded, type EmbedOptions, embed } from './embed.ts';
import { type FollowedEvent, type FollowOptions, followEvents } from './follow-events.ts';
import { createLedgerClient, type LedgerClient } from './ledger-client.ts';
import { type CallOptions, createRequests, type MarketAddress } from './requests.ts';

/**
 * A running market. Rejections are `MoeError`s: `market-refused` (see `isRefused`), `market-unreachable`, `invalid-answer`,
 * `request-aborted`. What may be asked twice is asked again after a passing trouble, when the market says so.
 */
export interface MarketClient {
  /** Without a slash at the end. */
  readonly url: string;
  /** Embeds texts; needs a key. */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Embedded>;
  models(options?: CallOptions): Promise<readonly Model[]>;
  /** By id or alias. */
  model(name: string, options?: CallOptions): Promise<Model>;
  status(options?: CallOptions): Promise<Status>;
  /** What happens from now on; see `FollowOptions`. */
  events(options?: FollowOptions): AsyncGenerator<FollowedEvent, void>;
  receipt(id: string, options?: CallOptions): Promise<Receipt>;
  /** Bytes that a receipt refers to, by their SHA-256. */
  blob(hash: string, options?: CallOptions): Promise<Uint8Array>;
  /** What is prepaid on the account of the key. */
  balance(options?: CallOptions): Promise<Balance>;
  /** Where demand is, and what an expert of mean loss `loss` (0 perfect, 0.5 chance) would earn there. */
  regions(
    asked?: {
      readonly market?: string;
      readonly loss?: number | string | undefined;
      readonly limit?: number;
    },
    options?: CallOptions,
  ): Promise<Regions>;
  readonly ledger: LedgerClient;
}

/**
 * A client of the market at an address. Throws `invalid-input` for what is no address.
 *
 * @example
 * const market = createMarketClient({ url: 'http://127.0.0.1:8787', apiKey });
 * const { vectors } = await market.embed(['some text'], { model: 'text-embedding' });
 */
export function createMarketClient(address: MarketAddress): MarketClient {
  const requests = createRequests(address);
  const { read } = requests;
  return {
    url: requests.url,
    embed: (texts, options) => embed(requests, texts, options),
    models: async (options) => (await read('/v1/models', modelsSchema, options)).data,
    model: (name, options) => read(`/v1/models/${encodeURIComponent(name)}`, modelSchema, options),
    status: (options) => read('/v1/status', statusSchema, options),
    events: (options) => followEvents(requests, options),
    receipt: (id, options) => read(`/v1/receipts/${encodeURIComponent(id)}`, receiptSchema, options),
    blob: (hash, options) => requests.bytes(`/v1/blobs/${encodeURIComponent(hash)}`, options),
    balance: (options) => read('/v1/balance', balanceSchema, options),
    regions: (asked = {}, options) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(asked))
        if (value !== undefined) query.set(name, String(value));
      return read(`/v1/regions?${query}`, regionsSchema, options);
    },
    ledger: createLedgerClient(requests),
  };
}
