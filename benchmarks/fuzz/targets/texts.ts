import { Readable } from 'node:stream';
import { errorSchema } from '@market-of-experts/api/errors';
import { certifiedReceiptSchema } from '@market-of-experts/api/receipts';
import { routes } from '@market-of-experts/api/routes';
import { MoeError, parseAccount, parseCredits, textOf } from '@market-of-experts/core';
import { ownerKeyFromHex, parseKeystore } from '@market-of-experts/core/keystore';
import { defaultLimits } from '@market-of-experts/gateway/limits';
import { readJson } from '@market-of-experts/gateway/read-json';
import { readEmbeddingsRequest } from '@market-of-experts/gateway/tasks/embedding/embeddings-request';
import { fitPlaces } from '@market-of-experts/history';
import { parseEmbeddings } from '@market-of-experts/models/openai/embedding-response';
import {
  defaultTerms,
  embeddedParameters,
  parsePlaces,
  serialisePlaces,
  type Transaction,
  transactionFromJson,
  transactionSchema,
  transactionToJson,
  typedDataOf,
} from '@market-of-experts/protocol';
import { verifyReceipt } from '@market-of-experts/receipts/verify-receipt';
import { readScenario, shippedScenario, shippedScenarios } from '@market-of-experts/simulation';
import { testEditionListing } from '@market-of-experts/testing/test-edition';
import { readCsv } from 'market-of-experts/embed/read-csv';
import { readJsonl } from 'market-of-experts/embed/read-jsonl';
import { readReceipt, readSplit } from 'market-of-experts/receipt/read-receipt';
import { readTerms } from 'market-of-experts/terms/read-terms';
import { termsOf } from 'market-of-experts/terms/terms-of';
import { writeTerms } from 'market-of-experts/terms/write-terms';
import { exampleOf } from '../example.ts';
import { jsonSchemaTarget, jsonTarget, type Target } from '../target.ts';

const body = (bytes: Uint8Array): unknown => readJson(Buffer.from(bytes), defaultLimits);

/** What a client of the market gets, as the SDK reads it. */
const answers = [
  ...routes.map(({ path, answer }) => [path, answer.schema] as const),
  ['error', errorSchema] as const,
  ['certificate', certifiedReceiptSchema] as const,
].map(([name, schema]) =>
  jsonSchemaTarget(`answer ${name}`, schema, (bytes) => {
    const { success, data } = schema.safeParse(body(bytes));
    if (!success) throw new MoeError('invalid-answer', 'It is of another shape.');
    return data;
  }),
);

const market = {
  id: 'text-embedding',
  task: 'text-embedding',
  dimensions: 384,
  editions: [testEditionListing('text-embedding', [{ name: 'minilm-l6', dimensions: 384 }])],
  createdMs: 0,
  aliases: ['text-embedding'],
  maxTextBytes: 4_096,
  pricePerKilobyteMicro: 1n,
} as never;

const keystore = {
  version: 3,
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  address: 'ab'.repeat(20),
  crypto: {
    cipher: 'aes-128-ctr',
    ciphertext: 'ab'.repeat(32),
    cipherparams: { iv: 'ab'.repeat(16) },
    kdf: 'scrypt',
    kdfparams: { dklen: 32, n: 8_192, r: 8, p: 1, salt: 'ab'.repeat(32) },
    mac: 'ab'.repeat(32),
  },
};

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

const text = (value: string): Uint8Array => Buffer.from(value);

export function textTargets(): readonly Target[] {
  const terms = defaultTerms(embeddedParameters, '3f9c'.repeat(16) as never);
  const termsYaml = writeTerms(terms, ['terms']);
  const scenarios = shippedScenarios().map(({ name }) => shippedScenario(name)!);
  const vectorsOfPlaces = Array.from({ length: 6 }, (_, at) =>
    Int16Array.of(9_000 * (at % 2), 9_000, at, 3 * at),
  );
  const places = serialisePlaces(fitPlaces(vectorsOfPlaces, 2));
  const vectors = {
    data: [
      { index: 0, embedding: [0.5, 0.25] },
      { index: 1, embedding: 'AAAAAAAAAAA=' },
    ],
  };
  return [
    ...answers,
    jsonTarget(
      'transaction in JSON',
      (random) =>
        transactionToJson(transactionSchema.parse(exampleOf(transactionSchema, random)) as Transaction),
      (bytes) => typedDataOf(transactionFromJson(body(bytes))),
      4,
    ),
    jsonTarget(
      'embeddings request',
      (random) => ({
        model: 'text-embedding',
        input: random.of<unknown>(['one two three', ['one', 'two'], [[1, 2]]]),
        encoding_format: 'float',
        dimensions: 128,
        user: 'me',
        moe: { mode: 'auto', strict: true, maxFeeCredits: '0.01' },
      }),
      (bytes) => readEmbeddingsRequest(body(bytes), { markets: [market], maxInputs: 16 }),
      4,
    ),
    jsonTarget(
      'receipt, shown',
      () => ({ id: 'x', record: 'AAAA', certificate: {}, paid: [{ deltaMicro: '12' }] }),
      (bytes) => {
        const receipt = body(bytes);
        if (typeof receipt !== 'object' || receipt === null) return;
        const shown = readReceipt(receipt as Record<string, unknown>);
        if (shown !== undefined) readSplit(receipt as never, shown as never);
      },
    ),
    jsonTarget(
      'receipt, verified',
      () => ({ id: '3f9c'.repeat(16), record: 'oWF4AQ==', settlement: null }),
      async (bytes) => {
        const receipt = body(bytes);
        if (typeof receipt === 'object' && receipt !== null)
          await verifyReceipt(receipt as never, async () => new Uint8Array(3));
      },
    ),
    jsonTarget(
      'answer of an embeddings server',
      () => vectors,
      (bytes) => parseEmbeddings('x', Buffer.from(bytes), 2, undefined),
    ),
    jsonTarget(
      'wallet',
      () => keystore,
      (bytes) => parseKeystore(textOf(bytes)),
    ),
    jsonTarget(
      'terms in an answer',
      () => JSON.parse(JSON.stringify(terms, (_, each) => (typeof each === 'bigint' ? `${each}` : each))),
      (bytes) => termsOf(body(bytes), 'url'),
    ),
    jsonTarget(
      'rows of JSON',
      (random) => ({ text: 'one two', id: random.below(9) }),
      (bytes) =>
        drain(
          readJsonl(Readable.from([Buffer.from(bytes), Buffer.from('\n{"text":"a"}')]), 'file', {
            text: 'text',
            id: 'id',
          }),
        ),
    ),
    lines('rows of CSV', ['id,text\n1,"a ""b"" c"\n2,"x\ny"\n', 'text\na\n'], (bytes) =>
      drain(
        readCsv(Readable.from([Buffer.from(bytes)]), 'file', {
          column: 'text',
          id: undefined,
          delimiter: ',',
        }),
      ),
    ),
    lines(
      'terms in YAML',
      [termsYaml, 'permits: 64\nparameters:\n  feeBps: 100\n'],
      (bytes) => readTerms({ file: { text: textOf(bytes), source: 'file' }, base: terms, version: 1 }),
      0.2,
    ),
    lines('scenario in YAML', scenarios, (bytes) => readScenario(textOf(bytes), 'file'), 0.1),
    lines('places', [places], (bytes) => parsePlaces(textOf(bytes))),
    lines('amount', ['1.25', '0', '123456789012.123456'], (bytes) => parseCredits(textOf(bytes))),
    lines('account', [`0x${'ab'.repeat(20)}`, '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'], (bytes) =>
      parseAccount(textOf(bytes)),
    ),
    lines('key in hex', [`0x${'ab'.repeat(32)}`], (bytes) => ownerKeyFromHex(textOf(bytes))),
  ];
}

function lines(
  name: string,
  examples: readonly string[],
  read: (bytes: Uint8Array) => unknown,
  weight = 1,
): Target {
  return {
    name,
    weight,
    example: (random) => text(random.of(examples)),
    read: async (bytes) => {
      await read(bytes);
      return undefined;
    },
  };
}
