import { type AccountId, isMoeError, type MarketId } from '@market-of-experts/core';
import type { z } from 'zod';
import { type ConnectionOptions, readConnection } from '../market/connection.ts';
import { createMarketClient, readAnswer } from '../market/market-client.ts';
import { usageError } from '../terminal/exit-codes.ts';
import {
  type AccountAnswer,
  accountSchema,
  type MarketAnswer,
  type Metagraph,
  marketAnswerSchema,
  marketsSchema,
  metagraphSchema,
  type Network,
  networkSchema,
  type PreviewAnswer,
  previewSchema,
  receiptSchema,
  type Validators,
  validatorsSchema,
  type WeightsAnswer,
  weightsSchema,
} from './shapes.ts';

/** The ledger of a running market. Every answer comes as it was sent (`raw`, for `--json`) and as it was read. */
export interface LedgerClient {
  readonly url: string;
  network(): Promise<Answer<Network>>;
  account(account: AccountId): Promise<Answer<AccountAnswer>>;
  markets(): Promise<Answer<{ readonly markets: readonly MarketAnswer[] }>>;
  market(market: MarketId): Promise<Answer<MarketAnswer>>;
  validators(): Promise<Answer<Validators>>;
  weights(market: MarketId): Promise<Answer<WeightsAnswer>>;
  metagraph(market: MarketId): Promise<Answer<Metagraph>>;
  preview(body: unknown): Promise<Answer<PreviewAnswer>>;
  submit(body: unknown): Promise<Answer<{ readonly index: number; readonly height: number }>>;
}

interface Answer<Shape> {
  readonly raw: Record<string, unknown>;
  readonly value: Shape;
}

export function createLedgerClient(options: ConnectionOptions): LedgerClient {
  const client = createMarketClient(readConnection(options));
  const ask = async <Shape>(
    path: string,
    schema: z.ZodType<Shape>,
    body?: unknown,
  ): Promise<Answer<Shape>> => {
    const raw = await client.json(path, body === undefined ? {} : { body });
    return { raw, value: readAnswer(raw, schema, client.url) };
  };
  const inMarket = (path: string, market: MarketId): string =>
    `${path}?${new URLSearchParams({ market }).toString()}`;
  return {
    url: client.url,
    network: () => ask('/v1/network', networkSchema),
    account: (account) => ask(`/v1/accounts/${account}`, accountSchema),
    markets: () => ask('/v1/ledger/markets', marketsSchema),
    market: (market) => known(market, ask(`/v1/ledger/markets/${market}`, marketAnswerSchema)),
    validators: () => ask('/v1/ledger/validators', validatorsSchema),
    weights: (market) => known(market, ask(inMarket('/v1/ledger/weights', market), weightsSchema)),
    metagraph: (market) => known(market, ask(inMarket('/v1/metagraph', market), metagraphSchema)),
    preview: (body) => ask('/v1/transactions/preview', previewSchema, body),
    submit: (body) => ask('/v1/transactions', receiptSchema, body),
  };
}

/** A market that is not there was mistyped. */
async function known<Result>(market: MarketId, answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    if (isMoeError(error, 'market-refused') && error.metadata.status === 404)
      throw usageError(`There is no market "${market}". \`moe market list\` shows them.`);
    throw error;
  }
}
