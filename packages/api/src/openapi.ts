import type { ErrorCode } from '@market-of-experts/core/error-codes';
import { transactionSchema } from '@market-of-experts/protocol/ledger/transaction/transaction';
import { z } from 'zod';
import { balanceSchema } from './balance.ts';
import { embeddingsAnswerSchema, embeddingsRequestSchema } from './embeddings.ts';
import { type ErrorKind, ledgerErrors } from './error-table.ts';
import { errorKindOf, errorSchema, refusalKindOf } from './errors.ts';
import { marketEventSchema } from './events.ts';
import { expertStatusSchema } from './experts.ts';
import { jobSummarySchema } from './jobs.ts';
import { accountSchema, metagraphSchema, networkSchema } from './ledger-facts.ts';
import { marketRecordSchema } from './ledger-records.ts';
import { marketListingSchema, modelSchema } from './models.ts';
import { type Route, routes } from './routes.ts';
import { readinessSchema, statusSchema } from './status.ts';
import { draftSchema, previewSchema, signedSchema } from './transactions.ts';
import { micro } from './wire.ts';
import { wireForm } from './wire-form.ts';

type Json = Record<string, unknown>;

const transaction = wireForm(transactionSchema);
/** Schemas that programs have a name for. */
const named: Readonly<Record<string, z.ZodType>> = {
  Account: accountSchema,
  Balance: balanceSchema,
  EmbeddingsAnswer: embeddingsAnswerSchema,
  EmbeddingsRequest: embeddingsRequestSchema,
  Error: errorSchema,
  Expert: expertStatusSchema,
  Job: jobSummarySchema,
  Listing: marketListingSchema,
  MarketEvent: marketEventSchema,
  MarketRecord: marketRecordSchema,
  Metagraph: metagraphSchema,
  Micro: micro,
  Model: modelSchema,
  Network: networkSchema,
  Preview: previewSchema,
  Readiness: readinessSchema,
  SignedTransaction: signedSchema,
  Status: statusSchema,
  Transaction: transaction,
  TransactionDraft: draftSchema,
};
/** Schemas that are told more of than a program checks: the market itself reads transactions by the rules of its ledger. */
const toldAs = new Map<z.ZodType, z.ZodType>([
  [signedSchema, signedSchema.extend({ transaction })],
  [previewSchema, previewSchema.extend({ transaction })],
]);

/** Errors that any request can meet. */
const everywhere = [
  'invalid-request',
  'forbidden-host',
  'method-not-allowed',
  'request-timeout',
  'expectation-failed',
  'rate-limited',
  'headers-too-large',
  'internal-error',
  'market-closed',
] as const satisfies readonly ErrorCode[];

/** The OpenAPI 3.1 document of the HTTP API, made from the schemas that programs use. */
export function openApiDocument(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(toldAs.get(schema) ?? schema, { id });
  // What no name stands for is registered by its place, and written there.
  const inline = new Map<z.ZodType, string>();
  const place = (schema: z.ZodType | undefined): void => {
    if (schema === undefined || registry.has(toldAs.get(schema) ?? schema)) return;
    const id = `inline-${inline.size}`;
    inline.set(schema, id);
    registry.add(schema, { id });
  };
  for (const { body, answer, query } of routes) {
    place(body);
    place(answer.schema);
    for (const parameter of Object.values(query?.shape ?? {})) place(parameter as z.ZodType);
  }
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
  });
  const bare = (id: string): Json => {
    const { $schema: _schema, $id: _id, id: _own, ...rest } = schemas[id] as Json;
    return rest;
  };
  const schemaOf = (schema: z.ZodType): Json => {
    const id = inline.get(schema);
    if (id !== undefined) return bare(id);
    return { $ref: `#/components/schemas/${registry.get(toldAs.get(schema) ?? schema)!.id}` };
  };
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemaOf) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Market of Experts',
      version: '1',
      description:
        "OpenAI's embeddings API in front of a market of experts, its receipts, its ledger and what happens in it. Amounts are decimal strings of micro-credits in fields named `…Micro`; 1 credit is 1,000,000.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.keys(named).map((id) => [id, bare(id)])),
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, which pays from one account.',
        },
      },
    },
  };
}

function operationOf(route: Route, schemaOf: (schema: z.ZodType) => Json): Json {
  return {
    operationId: operationId(route),
    summary: route.summary,
    // An empty choice beside the key: on a loopback address nobody needs one.
    security: { open: [], key: [{ key: [] }], local: [{}, { key: [] }] }[route.access],
    parameters: parametersOf(route, schemaOf),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body) } } },
        }),
    responses: { ...errorsOf(route, schemaOf), ...answersOf(route, schemaOf) },
  };
}

function answersOf({ answer }: Route, schemaOf: (schema: z.ZodType) => Json): Json {
  const schema = schemaOf(answer.schema);
  return Object.fromEntries(
    (answer.statuses ?? [200]).map((status) => [
      status,
      {
        description: answer.description,
        ...(answer.headers === undefined ? {} : { headers: headersOf(answer.headers) }),
        content: {
          [answer.contentType ?? 'application/json']: {
            // While it stops, the market refuses whatever it is asked.
            schema: status === 200 ? schema : { anyOf: [schema, schemaOf(errorSchema)] },
          },
        },
      },
    ]),
  );
}

function headersOf(headers: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}

function parametersOf(route: Route, schemaOf: (schema: z.ZodType) => Json): Json[] {
  const schema = { type: 'string' };
  return [
    ...Object.entries(route.params ?? {}).map(([name, description]) => ({
      name,
      in: 'path',
      required: true,
      description,
      schema,
    })),
    ...Object.entries(route.query?.shape ?? {}).map(([name, field]) => ({
      name,
      in: 'query',
      required: field._zod.optin !== 'optional',
      schema: schemaOf(field as z.ZodType),
    })),
    ...Object.entries(route.headers ?? {}).map(([name, description]) => ({
      name,
      in: 'header',
      required: false,
      description,
      schema,
    })),
  ];
}

/** By status, the errors that can come, with their codes. */
function errorsOf(route: Route, schemaOf: (schema: z.ZodType) => Json): Json {
  const names = [
    ...everywhere,
    ...(route.access === 'open' ? [] : (['missing-key', 'unknown-key'] as const)),
    ...(route.errors ?? []),
  ];
  const kinds = [
    ...names.map((name) => errorKindOf(name)),
    ...(route.isLedger ? Object.keys(ledgerErrors).map((name) => refusalKindOf(name)!) : []),
  ];
  // Nobody hears what is answered to a client that has left.
  const heard = kinds.filter(({ status }) => status !== 499);
  return Object.fromEntries(
    [...Map.groupBy(heard, ({ status }) => status)].map(([status, group]) => [
      status,
      {
        description: [...new Set(group.map(({ code }) => `\`${code}\``))].sort().join(', '),
        ...(group.some(isWaitTold)
          ? { headers: headersOf({ 'Retry-After': 'Seconds to wait before the next try.' }) }
          : {}),
        content: { 'application/json': { schema: schemaOf(errorSchema) } },
      },
    ]),
  );
}

function isWaitTold({ status, retryAfterSeconds }: ErrorKind): boolean {
  return retryAfterSeconds !== undefined || status === 429;
}

/** `GET /v1/models/:id` is `getModelsById`. */
function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/(v1\/)?/, '').split(/[/.-]/);
  const name = words.map((word) =>
    word.startsWith(':')
      ? `By${word[1]!.toUpperCase()}${word.slice(2)}`
      : `${word[0]!.toUpperCase()}${word.slice(1)}`,
  );
  return method.toLowerCase() + name.join('');
}
