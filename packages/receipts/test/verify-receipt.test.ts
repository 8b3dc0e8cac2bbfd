import { decode, encode } from '@market-of-experts/core';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import {
  embedOne,
  failedChecks,
  longText,
  openTestMarket,
  receiptOf,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

type Receipt = Record<string, unknown>;
type Path = readonly (string | number)[];

const directory = temporaryDirectory();
let market: EmbeddedMarket;
const receipts = new Map<string, Receipt>();
beforeAll(async () => {
  market = await openTestMarket(directory.path);
  const shard = await embedOne(market, longText(1), 'shard');
  const [, second] = await market.service.serve({
    account: market.clientAccount,
    market: 'text-embedding' as never,
    texts: ['first', 'second', 'third'],
  });
  const voided = await market.service
    .serve({
      account: market.clientAccount,
      market: 'text-embedding' as never,
      texts: [longText(2)],
      mode: 'shard',
      signal: abortedSoon(),
    })
    .catch(() => undefined);
  expect(voided).toBeUndefined();
  await settled(market, 3);
  const refund = market.service.status().recentJobs.find(({ outcome }) => outcome === 'refunded')!;
  for (const [kind, id] of [
    ['certificate', shard.receiptId],
    ['tally', second!.receiptId],
    ['void', refund.receiptId],
  ] as const)
    for (const viewer of [undefined, market.clientAccount])
      receipts.set(keyOf(kind, viewer !== undefined), await receiptOf(market, id, viewer));
});
const keyOf = (kind: string, isOwner: boolean): string => `${kind}${isOwner ? ', for who paid' : ''}`;
afterAll(async () => {
  await market.close();
  directory.remove();
});

/** Aborted once the job has taken its order number. */
function abortedSoon(): AbortSignal {
  const controller = new AbortController();
  setImmediate(() => setImmediate(() => controller.abort()));
  return controller.signal;
}

/** Every place of a plain value that holds no others. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function changed(leaf: unknown): unknown {
  if (leaf instanceof Uint8Array) {
    const bytes = leaf.slice();
    bytes[bytes.length >> 1]! ^= 1;
    return bytes;
  }
  if (typeof leaf === 'number') return leaf + 1;
  if (typeof leaf === 'bigint') return leaf + 1n;
  if (typeof leaf === 'boolean') return !leaf;
  if (leaf === null) return 'f'.repeat(64);
  const text = String(leaf);
  // Stays what it is (hex, base64, a decimal number), but another one.
  const at = text.length >> 1;
  return `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`;
}

function withChange(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return changed(value);
  if (Array.isArray(value)) return value.with(Number(key), withChange(value[Number(key)], rest));
  const object = value as Record<string, unknown>;
  return { ...object, [key]: withChange(object[key as string], rest) };
}

function recordOf(receipt: Receipt): unknown {
  return decode(new Uint8Array(Buffer.from(receipt.record as string, 'base64')), z.unknown());
}

const kinds = ['certificate', 'tally', 'void'].flatMap((kind) =>
  [false, true].map((isOwner) => keyOf(kind, isOwner)),
);

describe.each(kinds)('the receipt of a %s', (kind) => {
  it('verifies', async () => {
    const receipt = receipts.get(kind)!;
    expect(receipt.status).toBe('settled');
    expect(await failedChecks(market, receipt)).toEqual([]);
  });

  it('fails when any of its fields says something else', async () => {
    const receipt = receipts.get(kind)!;
    // The evidence is changed from within below: as text, some changes only change its padding.
    const { record: _, settlement, ...fields } = receipt;
    const paths: Path[] = [...leavesOf(fields), ['settlement', 'batch']];
    expect(settlement).toBeDefined();
    expect(paths.length).toBeGreaterThan(8);
    const unnoticed: string[] = [];
    for (const path of paths)
      if ((await failedChecks(market, withChange(receipt, path) as Receipt)).length === 0)
        unnoticed.push(path.join('.'));
    // Names are the market's word for ids: nothing is signed that a name could be held against.
    expect(unnoticed.filter((path) => !/^(names\..*|worker\.name)$/.test(path))).toEqual([]);
  });

  it('fails when a field is added or left out', async () => {
    const receipt = receipts.get(kind)!;
    expect(await failedChecks(market, { ...receipt, refund: '1000000' })).toEqual(['shown']);
    for (const name of Object.keys(receipt)) {
      const { [name]: _, ...rest } = receipt;
      expect(await failedChecks(market, rest), `without ${name}`).not.toEqual([]);
    }
  });

  it('fails when anything in its evidence is changed', async () => {
    const receipt = receipts.get(kind)!;
    const record = recordOf(receipt);
    const unnoticed: string[] = [];
    for (const path of leavesOf(record)) {
      const forged = Buffer.from(encode(withChange(record, path))).toString('base64');
      if ((await failedChecks(market, { ...receipt, record: forged })).length === 0)
        unnoticed.push(path.join('.'));
    }
    // The operator's own notes: nobody signs what lists show of a text and for whom the job was.
    expect(unnoticed.filter((path) => !/^(kind|latenciesMs.*|salts.*)$/.test(path))).toEqual([]);
  });

  it('fails when its settlement is another or says something else', async () => {
    const receipt = receipts.get(kind)!;
    const settlement = receipt.settlement as Record<string, string>;
    for (const part of ['detail', 'signed']) {
      const value = decode(new Uint8Array(Buffer.from(settlement[part]!, 'base64')), z.unknown());
      const unnoticed: string[] = [];
      for (const path of leavesOf(value)) {
        const forged = Buffer.from(encode(withChange(value, path))).toString('base64');
        if (
          (await failedChecks(market, { ...receipt, settlement: { ...settlement, [part]: forged } }))
            .length === 0
        )
          unnoticed.push(`${part}.${path.join('.')}`);
      }
      expect(unnoticed).toEqual([]);
    }
  });
});

describe('what is no receipt', () => {
  it.each([
    ['an empty object', {}],
    ['one whose record is no CBOR', { id: 'a'.repeat(64), record: Buffer.from('hello').toString('base64') }],
    [
      'one whose record is of another kind',
      { id: 'a', record: Buffer.from(encode({ a: 1 })).toString('base64') },
    ],
    ['one of wrong types', { id: 7, record: [1] }],
  ])('%s fails in a sentence', async (_, receipt) => {
    expect(await failedChecks(market, receipt)).toEqual(['record']);
  });

  it('an unknown id has no receipt', async () => {
    for (const id of ['', 'x', 'a'.repeat(64), `${'a'.repeat(64)}-0`, '../keys.json', 'batch-0'])
      expect(await market.service.receipt(id)).toBeUndefined();
  });

  it('a receipt whose blobs are withheld or forged fails', async () => {
    const { verifyReceipt } = await import('../src/verify-receipt.ts');
    const receipt = receipts.get('certificate')!;
    const failing = async (fetchBlob: (hash: string) => Promise<Uint8Array>) =>
      (await verifyReceipt(receipt, fetchBlob)).checks.filter(({ ok }) => !ok).map(({ name }) => name);
    expect(
      await failing(async () => {
        throw new Error('gone');
      }),
    ).toEqual(['roster']);
    expect(
      await failing(async (hash) => {
        const bytes = (await market.service.blob(hash as never))!.slice();
        bytes[bytes.length - 1]! ^= 1;
        return bytes;
      }),
    ).toEqual(['roster']);
  });
});
