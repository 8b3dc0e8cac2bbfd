/** The OpenAPI document against itself, and against what a running gateway answers. */
import { httpErrors } from '@market-of-experts/api/error-table';
import { errorKindOf } from '@market-of-experts/api/errors';
import type { ErrorCode } from '@market-of-experts/core';
import { ledgerService } from '@market-of-experts/host/service/ledger-service';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../src/gateway.ts';
import { type MemoryLedger, openMemoryLedger } from './memory-ledger.ts';
import { createSimulatedMarket, type SimulatedMarket } from './simulated-market.ts';

/** Whatever an answer holds. */
type Json = ReturnType<typeof JSON.parse>;

let memory: MemoryLedger;
let market: SimulatedMarket;
let gateway: Gateway;
let document: Json;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false });

beforeAll(async () => {
  memory = await openMemoryLedger();
  market = createSimulatedMarket({ ledger: ledgerService(memory.ledger) });
  gateway = await createGateway({ service: market, port: 0, demoKey: market.apiKey });
  document = await (await fetch(`${gateway.url}/openapi.json`)).json();
  // The key `components` is none of JSON Schema.
  ajv.addVocabulary(Object.keys(document));
  ajv.addSchema(document, 'document');
});
afterAll(async () => {
  await gateway.close();
  await memory.ledger.close();
});

const operations = (): { path: string; method: string; operation: Json }[] =>
  Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]) => ({ path, method, operation })),
  );
const pointer = (...parts: readonly string[]): string =>
  `document#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

describe('the document', () => {
  it('is OpenAPI 3.1 whose references lead somewhere, with schemas that a strict reader takes', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect(JSON.stringify(document).match(/"\$ref":"(?!#\/components\/schemas\/)/g)).toBeNull();
    for (const name of Object.keys(document.components.schemas))
      expect(() => ajv.getSchema(pointer('components', 'schemas', name)), name).not.toThrow();
    expect(operations().length).toBeGreaterThan(20);
    for (const { path, method, operation } of operations()) {
      expect(operation.responses['200'], path).toBeDefined();
      for (const [status, { description, content }] of Object.entries<Json>(operation.responses)) {
        expect(description).not.toBe('');
        for (const type of Object.keys(content)) {
          const at = ['paths', path, method, 'responses', status, 'content', type, 'schema'];
          expect(ajv.getSchema(pointer(...at)), path).toBeTypeOf('function');
        }
      }
      const inPath = operation.parameters.filter((each: Json) => each.in === 'path');
      expect(inPath.map(({ name }: Json) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      for (const scheme of operation.security.flatMap(Object.keys))
        expect(document.components.securitySchemes[scheme]).toBeDefined();
    }
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names every error that any address can answer with', () => {
    const told = new Set(
      operations().flatMap(({ operation }) =>
        Object.values<Json>(operation.responses).flatMap(({ description }) =>
          [...description.matchAll(/`(\w+)`/g)].map(([, code]) => code),
        ),
      ),
    );
    const missing = (Object.keys(httpErrors) as ErrorCode[])
      .map((code) => errorKindOf(code).code)
      .filter((code) => !told.has(code));
    // Where nothing is, and what nobody hears.
    expect(missing).toEqual(['unknown_url', 'request_aborted']);
  });

  it('has every address, and none where nothing is', async () => {
    for (const { path, method } of operations()) {
      const response = await fetch(gateway.url + path.replaceAll(/\{\w+\}/g, 'x'), {
        method: method.toUpperCase(),
      });
      const body = response.headers.get('content-type')?.startsWith('application/json')
        ? ((await response.json()) as Json)
        : {};
      if (body.error === undefined) await response.body?.cancel().catch(() => {});
      expect([path, body.error?.code]).not.toEqual([path, 'unknown_url']);
      expect([path, response.status]).not.toEqual([path, 405]);
    }
  });
});

describe('answers', () => {
  const key = () => ({ authorization: `Bearer ${market.apiKey}` });
  const ask = async (path: string, init: RequestInit = {}, at = path): Promise<Json> => {
    const response = await fetch(gateway.url + path, init);
    const json = (await response.json()) as Json;
    const method = (init.method ?? 'get').toLowerCase();
    const where = ['paths', at, method, 'responses', String(response.status), 'content', 'application/json'];
    const check = ajv.getSchema(pointer(...where, 'schema'));
    expect(check, `${at} ${response.status}`).toBeTypeOf('function');
    if (!check!(json)) expect.fail(`${path}: ${ajv.errorsText(check!.errors)}`);
    return json;
  };
  const post = (path: string, body: unknown) =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...key() },
      body: JSON.stringify(body),
    });

  it('are as the document says', async () => {
    const friends = 'one two three four five six seven eight nine ten eleven twelve thirteen';
    market.callFriendNext();
    const { moe } = await post('/v1/embeddings', { model: 'text-embedding', input: ['short', friends] });
    await post('/v1/embeddings', { model: 'text-embedding', input: friends, encoding_format: 'base64' });
    await post('/v1/try', { text: 'short' });
    await ask(`/v1/receipts/${moe.receipts[0]}`, {}, '/v1/receipts/{id}');
    await ask('/v1/models/text-embedding', {}, '/v1/models/{id}');
    await ask('/v1/balance', { headers: key() });
    const { recentJobs } = await ask('/v1/status', { headers: key() });
    expect(recentJobs.length).toBeGreaterThan(2);
    await ask('/v1/regions?loss=0.2&limit=3', {}, '/v1/regions');
    for (const path of ['/v1/models', '/v1/status', '/v1/network', '/v1/ledger/markets', '/healthz'])
      await ask(path);
    for (const path of ['/readyz', '/v1/ledger/validators', '/openapi.json']) await ask(path);
    for (const path of [
      '/v1/ledger/quote',
      '/v1/ledger/experts',
      '/v1/ledger/editions',
      '/v1/ledger/weights',
      '/v1/metagraph',
    ])
      await ask(`${path}?market=text-embedding`, {}, path);
    await ask('/v1/ledger/markets/text-embedding', {}, '/v1/ledger/markets/{id}');
    await ask(`/v1/accounts/${memory.alice.address}`, {}, '/v1/accounts/{account}');
  });

  it('to transactions are, too, and the transactions', async () => {
    const draft = { kind: 'transfer', from: memory.alice.address, to: memory.bob, amountMicro: '10000000' };
    const { transaction } = await post('/v1/transactions/preview', { transaction: draft });
    const check = ajv.getSchema(pointer('components', 'schemas', 'Transaction'))!;
    expect(check(transaction)).toBe(true);
    expect(check({ ...transaction, amountMicro: 10 })).toBe(false);
    expect(check({ ...transaction, kind: 'gift' })).toBe(false);
    const terms = {
      kind: 'stake',
      target: { role: 'validator', node: memory.validator },
      amountMicro: '1000000',
    };
    await post('/v1/transactions/preview', { transaction: { ...terms, from: memory.alice.address } });
  });

  it('that are errors are, too', async () => {
    await post('/v1/embeddings', { model: 'nowhere', input: 'x' });
    await post('/v1/embeddings', { model: 'text-embedding', input: [] });
    await ask('/v1/embeddings', { method: 'POST', body: '{}' });
    await ask('/v1/balance');
    await ask('/v1/accounts/0x12', {}, '/v1/accounts/{account}');
    await ask('/v1/metagraph?market=nowhere', {}, '/v1/metagraph');
    await ask('/v1/metagraph', {}, '/v1/metagraph');
    await post('/v1/transactions', { transaction: {}, signature: '0x00' });
    market.setReadiness({ isReady: false, reasons: [{ code: 'x', message: 'y' }], needsRestart: true });
    await new Promise((done) => setTimeout(done, 250));
    await ask('/healthz');
    await ask('/readyz');
  });
});
