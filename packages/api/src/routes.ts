import type { ErrorCode } from '@market-of-experts/core/error-codes';
import { z } from 'zod';
import { balanceSchema } from './balance.ts';
import { publishedEditionsSchema } from './editions.ts';
import {
  embeddingsAnswerSchema,
  embeddingsRequestSchema,
  tryAnswerSchema,
  tryRequestSchema,
} from './embeddings.ts';
import { marketEventSchema } from './events.ts';
import {
  accountSchema,
  marketQuerySchema,
  metagraphSchema,
  networkSchema,
  quoteSchema,
  weightsSchema,
} from './ledger-facts.ts';
import { expertsSchema, marketRecordSchema, marketsSchema, validatorsSchema } from './ledger-records.ts';
import { modelSchema, modelsSchema } from './models.ts';
import { receiptSchema } from './receipts.ts';
import { regionsQuerySchema, regionsSchema } from './regions.ts';
import { healthSchema, readySchema, statusSchema } from './status.ts';
import { draftSchema, placedSchema, previewSchema, signedSchema } from './transactions.ts';

/** An address of a market's HTTP API: who may ask, with what, and what comes. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** Parameters are written `:name`. */
  readonly path: string;
  readonly summary: string;
  /** `open`: nobody needs a key; `key`: everybody does; `local`: where others can reach the gateway. */
  readonly access: 'open' | 'key' | 'local';
  /** What the parameters in the path are. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  readonly answer: {
    readonly description: string;
    readonly schema: z.ZodType;
    /** Default `application/json`. */
    readonly contentType?: string;
    /** Statuses of such an answer; default 200. */
    readonly statuses?: readonly number[];
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** Beside those that any request can meet. */
  readonly errors?: readonly ErrorCode[];
  /** The ledger's own refusals may come, too. */
  readonly isLedger?: boolean;
}

const text = z.string();
const marketId = { id: 'Id of a market.' };
const bodyErrors = [
  'invalid-json',
  'input-too-large',
  'body-too-large',
  'unsupported-media-type',
  'queue-full',
] as const;
const workErrors = [
  'insufficient-funds',
  'market-not-served',
  'no-quorum',
  'overloaded',
  'reserve-empty',
] as const;
const diskErrors = ['ledger-closed', 'ledger-failed', 'ledger-broken'] as const;

/** Every address of the gateway but the files of its live page. */
export const routes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/embeddings',
    summary: 'Embed texts, as OpenAI does.',
    access: 'key',
    headers: { 'x-moe-store': '`true`: as `store` in the body, for clients that cannot send that.' },
    body: embeddingsRequestSchema,
    answer: {
      description: 'A vector for each text, and under `moe` what it cost and by which receipts.',
      schema: embeddingsAnswerSchema,
      headers: { 'x-moe-receipt': 'The receipt, where `input` was a single text.' },
    },
    errors: [
      ...bodyErrors,
      ...workErrors,
      ...diskErrors,
      ...(['invalid-input', 'invalid-amount', 'unknown-parameter', 'fee-too-low', 'unknown-market'] as const),
      ...(['unknown-edition', 'edition-incomplete'] as const),
      ...(['request-aborted', 'receipts-failed', 'store-failed'] as const),
    ],
  },
  {
    method: 'POST',
    path: '/v1/try',
    summary:
      'Embed a text typed on the live page. Same origin only; there only where the gateway has a key for it.',
    access: 'local',
    body: tryRequestSchema,
    answer: { description: 'What came of it.', schema: tryAnswerSchema },
    errors: [
      ...bodyErrors,
      ...workErrors,
      ...diskErrors,
      ...(['forbidden-origin', 'invalid-input', 'fee-too-low', 'request-aborted'] as const),
      ...(['receipts-failed', 'store-failed'] as const),
    ],
  },
  {
    method: 'GET',
    path: '/v1/models',
    summary: "Markets, in the shape of OpenAI's models.",
    access: 'open',
    answer: { description: 'All markets of the ledger.', schema: modelsSchema },
  },
  {
    method: 'GET',
    path: '/v1/models/:id',
    summary: 'One market.',
    access: 'open',
    params: { id: 'Id of a market, or one of its aliases; with `@` and a number: an edition of it.' },
    answer: { description: 'The market.', schema: modelSchema },
    errors: ['unknown-market', 'unknown-edition'],
  },
  {
    method: 'GET',
    path: '/v1/receipts/:id',
    summary: 'Everything needed to check a job again; with the text for who paid.',
    access: 'local',
    params: { id: 'Id of a receipt, as it comes with every answer.' },
    answer: { description: 'The receipt.', schema: receiptSchema },
    errors: ['unknown-receipt', 'receipts-failed'],
  },
  {
    method: 'GET',
    path: '/v1/blobs/:hash',
    summary: 'Content-addressed bytes that receipts refer to; immutable.',
    access: 'local',
    params: { hash: 'SHA-256 of the bytes, 64 hex digits.' },
    answer: {
      description: 'The bytes.',
      schema: z.string().meta({ format: 'binary' }),
      contentType: 'application/octet-stream',
      headers: { etag: 'The hash: sent back as `If-None-Match`, the answer is 304 without bytes.' },
    },
    errors: ['unknown-blob'],
  },
  {
    method: 'GET',
    path: '/v1/balance',
    summary: 'What is prepaid on the account of the key, by market.',
    access: 'key',
    answer: { description: 'The money.', schema: balanceSchema },
  },
  {
    method: 'GET',
    path: '/v1/status',
    summary: 'Markets, experts, totals, last jobs.',
    access: 'local',
    answer: { description: 'The status.', schema: statusSchema },
  },
  {
    method: 'GET',
    path: '/v1/events',
    summary: 'What happens, as it happens: server-sent events.',
    access: 'local',
    headers: { 'Last-Event-ID': 'Goes on after this event; `reset` comes where that is no longer kept.' },
    answer: {
      description:
        'A stream. Each event is named as the `type` of its data, which is one JSON object of this schema; `reset` has no data: read the status again.',
      schema: marketEventSchema,
      contentType: 'text/event-stream',
    },
    errors: ['overloaded'],
  },
  {
    method: 'GET',
    path: '/v1/regions',
    summary: 'Where demand is, and what an expert would earn there.',
    access: 'local',
    query: regionsQuerySchema,
    answer: { description: 'Regions, the most lucrative first.', schema: regionsSchema },
    errors: ['unknown-parameter', 'unknown-market', 'queue-full', 'overloaded'],
  },
  {
    method: 'GET',
    path: '/v1/network',
    summary: 'Epoch, rules, supply, height, state root.',
    access: 'open',
    answer: { description: 'The network.', schema: networkSchema },
  },
  {
    method: 'GET',
    path: '/v1/accounts/:account',
    summary: 'Balance, number of the next transaction, nodes, delegations, unbondings.',
    access: 'open',
    params: { account: 'Address: `0x` and 40 hex digits.' },
    answer: { description: 'The account; one never seen has nothing.', schema: accountSchema },
    isLedger: true,
  },
  {
    method: 'GET',
    path: '/v1/ledger/markets',
    summary: 'Records of all markets: terms, prices, pools, announced changes.',
    access: 'open',
    answer: { description: 'The records.', schema: marketsSchema },
  },
  {
    method: 'GET',
    path: '/v1/ledger/markets/:id',
    summary: 'Record of one market.',
    access: 'open',
    params: marketId,
    answer: { description: 'The record.', schema: marketRecordSchema },
    isLedger: true,
  },
  ...(
    [
      ['/v1/ledger/quote', 'What a registration costs now.', quoteSchema],
      ['/v1/ledger/experts', "Records of a market's experts.", expertsSchema],
      ['/v1/ledger/editions', "A market's editions, and what their parts are paid.", publishedEditionsSchema],
      ['/v1/ledger/weights', 'Weights in force, and who has promised new ones.', weightsSchema],
      ['/v1/metagraph', 'Who ranks and is ranked, and what each got.', metagraphSchema],
    ] as const
  ).map(
    ([path, summary, schema]): Route => ({
      method: 'GET',
      path,
      summary,
      access: 'open',
      query: marketQuerySchema,
      answer: { description: summary, schema },
      errors: ['unknown-parameter'],
      isLedger: true,
    }),
  ),
  {
    method: 'GET',
    path: '/v1/ledger/validators',
    summary: "Records of the network's validators.",
    access: 'open',
    answer: { description: 'The records.', schema: validatorsSchema },
  },
  {
    method: 'POST',
    path: '/v1/transactions/preview',
    summary:
      'Completes a transaction, says what must be signed and shows what it would do now. Nothing is changed.',
    access: 'open',
    body: draftSchema,
    answer: { description: 'The transaction, what to sign, and what it would do.', schema: previewSchema },
    errors: [...bodyErrors, ...diskErrors, 'overloaded'],
    isLedger: true,
  },
  {
    method: 'POST',
    path: '/v1/transactions',
    summary: 'Takes a signed transaction and answers when it is on disk.',
    access: 'open',
    body: signedSchema,
    answer: { description: 'Where it is in the ledger.', schema: placedSchema },
    errors: [...bodyErrors, ...diskErrors, 'overloaded'],
    isLedger: true,
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics for Prometheus.',
    access: 'local',
    answer: { description: 'Its text format, version 0.0.4.', schema: text, contentType: 'text/plain' },
  },
  {
    method: 'GET',
    path: '/healthz',
    summary: 'Whether the process lives and can go on.',
    access: 'open',
    answer: { description: '503: start it again.', schema: healthSchema, statuses: [200, 503] },
  },
  {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether the main job can be done.',
    access: 'open',
    answer: { description: '503: not now, for these reasons.', schema: readySchema, statuses: [200, 503] },
  },
  {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document.',
    access: 'open',
    answer: { description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) },
  },
];

/** Addresses that never need a key: they tell nothing about anybody's texts. */
export const openPaths: ReadonlySet<string> = pathsOf('open');
/** Addresses that need a key everywhere. */
export const keyedPaths: ReadonlySet<string> = pathsOf('key');

function pathsOf(access: Route['access']): ReadonlySet<string> {
  return new Set(routes.filter((route) => route.access === access).map(({ path }) => path));
}
