import { decode, encode } from '@market-of-experts/core';
import { type EmbeddedMarket, partOf } from '@market-of-experts/host/embedded-market';
import {
  embedOne,
  failedChecks,
  founders,
  longText,
  openTestMarket,
  receiptOf,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { editionReceiptParts } from '../src/receipt-id.ts';

type Receipt = Record<string, unknown>;
type Path = readonly (string | number)[];

const directory = temporaryDirectory();
let market: EmbeddedMarket;
const receipts = new Map<string, Receipt>();
beforeAll(async () => {
  market = await openTestMarket(directory.path, {
    parts: [founders[0], founders[2], founders[1]].map(partOf),
  });
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
  await settled(market, 5);
  const refund = market.service.status().recentJobs.find(({ outcome }) => outcome === 'refunded')!;
  for (const [kind, id] of [
    ['certificate', shard.examId],
    ['edition', shard.receiptId],
    ['tally', editionReceiptParts(second!.receiptId)!.receipts[1]!],
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
    // The operator's own notes, and salts, which find an entry or do not: nobody signs what lists show of a text and for whom the job was.
    expect(
      unnoticed.filter((path) => !/^(kind|latenciesMs.*|salts.*|entries\.\d+\.salt)$/.test(path)),
    ).toEqual([]);
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

describe.each(['edition', 'edition, for who paid'])('the receipt of a text that an %s served', (kind) => {
  const documentsIn = (receipt: Receipt): Receipt[] => [
    ...(receipt.parts as Receipt[]),
    receipt.exam as Receipt,
  ];

  it('verifies with all that it is made of', async () => {
    const receipt = receipts.get(kind)!;
    expect(receipt).toMatchObject({ status: 'settled', edition: 'text-embedding@1', missing: [] });
    expect(receipt.parts).toHaveLength(3);
    expect(await failedChecks(market, receipt)).toEqual([]);
    const { verifyReceipt } = await import('../src/verify-receipt.ts');
    const { checks } = await verifyReceipt(
      receipt,
      async (hash) => (await market.service.blob(hash as never))!,
    );
    const names = checks.map(({ name }) => name);
    for (const name of ['edition', 'part 1: tally', 'part 3: settlement', 'exam: losses, winner and fee'])
      expect(names).toContain(name);
  });

  it('fails when any of its fields says something else, or one is added or left out', async () => {
    const receipt = receipts.get(kind)!;
    const unnoticed: string[] = [];
    for (const path of leavesOf(receipt)) {
      // Texts of bytes are changed from within, above and below.
      if (['record', 'detail', 'signed', 'editionRecord'].includes(String(path.at(-1)))) continue;
      if ((await failedChecks(market, withChange(receipt, path) as Receipt)).length === 0)
        unnoticed.push(path.join('.'));
    }
    expect(unnoticed.filter((path) => !/(names\..*|worker\.name|missing\.\d\.name)$/.test(path))).toEqual([]);
    expect(await failedChecks(market, { ...receipt, refund: '1000000' })).not.toEqual([]);
    for (const name of Object.keys(receipt)) {
      const { [name]: _, ...rest } = receipt;
      expect(await failedChecks(market, rest), `without ${name}`).not.toEqual([]);
    }
  });

  it('fails when its edition is changed', async () => {
    const receipt = receipts.get(kind)!;
    const edition = decode(
      new Uint8Array(Buffer.from(receipt.editionRecord as string, 'base64')),
      z.unknown(),
    );
    for (const path of leavesOf(edition)) {
      const editionRecord = Buffer.from(encode(withChange(edition, path))).toString('base64');
      expect(await failedChecks(market, { ...receipt, editionRecord }), path.join('.')).toContain('edition');
    }
  });

  it('fails when parts change places, one is left out, or another text’s stands for one', async () => {
    const receipt = receipts.get(kind)!;
    const [first, second, third] = receipt.parts as [Receipt, Receipt, Receipt];
    const other = receipts.get(kind.replace('edition', 'tally'))!;
    for (const parts of [
      [second, first, third],
      [first, second],
      [first, first, third],
      [first, other, third],
    ]) {
      const named = [...parts, receipt.exam as Receipt].map(({ id }) => id);
      const id = [String(receipt.id).slice(0, 64), ...named].join('.');
      const feeMicro = String(
        [...parts, receipt.exam as Receipt].reduce((sum, part) => sum + BigInt(String(part.feeMicro)), 0n),
      );
      // Also where id and fee are those of what is shown: only another text of the same expert passes for a part.
      const failed = await failedChecks(market, { ...receipt, id, parts, feeMicro });
      if (parts[1] === other) expect(failed).toEqual([]);
      else expect(failed).toContain('edition');
    }
    expect(documentsIn(receipt)).toHaveLength(4);
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

it('the receipt of a text to which no part had anything to say is the edition’s alone, free, and verifies', async () => {
  const [answer] = await market.service.serve({
    account: market.clientAccount,
    market: 'text-embedding' as never,
    texts: ['…'],
  });
  const { receiptId } = answer!;
  expect(answer).toMatchObject({ feeMicro: 0n, missing: [] });
  expect(receiptId).toBe(editionReceiptParts(receipts.get('edition')!.id as string)!.edition);
  const receipt = await receiptOf(market, receiptId);
  expect(receipt).toMatchObject({ id: receiptId, feeMicro: '0', status: 'settled', parts: [] });
  expect(receipt.missing).toHaveLength(3);
  expect(await failedChecks(market, receipt)).toEqual([]);
  expect(await failedChecks(market, { ...receipt, feeMicro: '1' })).toEqual(['edition']);
  expect(await market.service.receipt(`${receiptId}-0`, undefined)).toBeUndefined();
});
