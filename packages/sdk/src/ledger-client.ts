import { type PublishedEdition, publishedEditionsSchema } from '@market-of-experts/api/editions';
import type {
  AccountFacts,
  Metagraph,
  NetworkFacts,
  RegistrationQuote,
  WeightsInForce,
} from '@market-of-experts/api/ledger-facts';
import {
  accountSchema,
  metagraphSchema,
  networkSchema,
  quoteSchema,
  weightsSchema,
} from '@market-of-experts/api/ledger-facts';
import {
  expertsSchema,
  marketRecordSchema,
  marketsSchema,
  validatorsSchema,
} from '@market-of-experts/api/ledger-records';
import {
  type Placed,
  type PreviewAnswer,
  placedSchema,
  previewSchema,
  type TransactionDraft,
  type TransactionJson,
} from '@market-of-experts/api/transactions';
import type { Expert, Market, Validator } from '@market-of-experts/protocol';
import type { CallOptions, Requests } from './requests.ts';

/** The ledger of a running market: public, so none of it needs a key. */
export interface LedgerClient {
  /** Where the market answers. */
  readonly url: string;
  network(options?: CallOptions): Promise<NetworkFacts>;
  /** `account` is an address, `0x` and 40 digits; one never seen has nothing. */
  account(account: string, options?: CallOptions): Promise<AccountFacts>;
  markets(options?: CallOptions): Promise<{ readonly markets: readonly Market[] }>;
  market(market: string, options?: CallOptions): Promise<Market>;
  experts(market: string, options?: CallOptions): Promise<{ readonly experts: readonly Expert[] }>;
  /** That are remembered, the first one first. */
  editions(
    market: string,
    options?: CallOptions,
  ): Promise<{ readonly editions: readonly PublishedEdition[] }>;
  validators(options?: CallOptions): Promise<{ readonly validators: readonly Validator[] }>;
  weights(market: string, options?: CallOptions): Promise<WeightsInForce>;
  metagraph(market: string, options?: CallOptions): Promise<Metagraph>;
  quote(market: string, options?: CallOptions): Promise<RegistrationQuote>;
  /** What a transaction would do now, and what its sender's wallet signs. Nothing is changed. */
  preview(transaction: TransactionDraft, options?: CallOptions): Promise<PreviewAnswer>;
  /**
   * Resolves when the transaction is on disk; `signature` is `0x` and hex digits. Sent once: where no answer comes, look at the
   * account's nonce before it is sent again.
   */
  submit(transaction: TransactionJson, signature: string, options?: CallOptions): Promise<Placed>;
}

export function createLedgerClient(requests: Requests): LedgerClient {
  const of = (path: string, market: string): string => `${path}?${new URLSearchParams({ market })}`;
  const { read } = requests;
  return {
    url: requests.url,
    network: (options) => read('/v1/network', networkSchema, options),
    account: (account, options) =>
      read(`/v1/accounts/${encodeURIComponent(account)}`, accountSchema, options),
    markets: (options) => read('/v1/ledger/markets', marketsSchema, options),
    market: (market, options) =>
      read(`/v1/ledger/markets/${encodeURIComponent(market)}`, marketRecordSchema, options),
    experts: (market, options) => read(of('/v1/ledger/experts', market), expertsSchema, options),
    editions: (market, options) => read(of('/v1/ledger/editions', market), publishedEditionsSchema, options),
    validators: (options) => read('/v1/ledger/validators', validatorsSchema, options),
    weights: (market, options) => read(of('/v1/ledger/weights', market), weightsSchema, options),
    metagraph: (market, options) => read(of('/v1/metagraph', market), metagraphSchema, options),
    quote: (market, options) => read(of('/v1/ledger/quote', market), quoteSchema, options),
    preview: (transaction, options) =>
      read('/v1/transactions/preview', previewSchema, { ...options, body: { transaction } }),
    submit: (transaction, signature, options) =>
      read('/v1/transactions', placedSchema, { ...options, retries: 0, body: { transaction, signature } }),
  };
}
