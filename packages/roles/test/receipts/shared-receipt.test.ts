import { type AccountId, decode, encode, hashBytes } from '@market-of-experts/core';
import { memoryReceipts, type ReceiptStore } from '@market-of-experts/ledger';
import {
  certificateEffects,
  entryName,
  type OwnEntry,
  rosterBytes,
  type Transcript,
} from '@market-of-experts/protocol';
import { previewOf } from '@market-of-experts/receipts/preview';
import { decodeShownRecord, type ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { verifyReceipt } from '@market-of-experts/receipts/verify-receipt';
import { type FixedMarket, fixedMarket } from '@market-of-experts/testing/fixed-market';
import { sequenceSkill, sequenceTask } from '@market-of-experts/testing/sequence-task';
import { smallParameters } from '@market-of-experts/testing/small-market';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRecords } from '../../src/coordinator/records.ts';
import type { ShardOutcome } from '../../src/coordinator/shard-job.ts';
import { receiptDocument } from '../../src/receipts/receipt-document.ts';

/** So long that no more than its beginning is kept. */
const row = (step: number): string => Array.from({ length: 60 }, (_, index) => step * (index + 1)).join(' ');
const texts = { alice: row(1), bob: row(20), carol: row(300) };
const reserve = ['7 8 9'];
let market: FixedMarket;
let outcome: ShardOutcome;
let receipts: ReceiptStore;
const put: string[] = [];
beforeAll(async () => {
  market = fixedMarket({
    parameters: { ...smallParameters, shardSize: 5 },
    experts: 6,
    validators: 1,
    kind: { task: sequenceTask, skill: (index) => sequenceSkill((begins) => (begins + 5 * index) % 7) },
  });
  outcome = await market.runBatch(texts, reserve);
  receipts = await keptOf(outcome);
});
afterAll(() => market.close());

async function keptOf({ certificate, transcript, entries }: ShardOutcome): Promise<ReceiptStore> {
  const store = memoryReceipts();
  const records = createRecords({
    receipts: {
      ...store,
      put: (...given: Parameters<typeof store.put>) => {
        put.push(given[0]);
        return store.put(...given);
      },
    },
    settler: { add: () => undefined },
    onRecord: () => undefined,
    clock: market.clock,
  } as unknown as Parameters<typeof createRecords>[0]);
  await Promise.all(
    certificate.body.data.map(({ order }, datum) => {
      const record: ReceiptRecord = {
        kind: 'client',
        isTextPublic: false,
        preview: previewOf(textOf(datum)),
        salts: [new Uint8Array(16)],
        proof: {
          kind: 'certificate',
          certificate,
          data: [datum],
          tickets: transcript.tickets,
          roster: market.rosterHash,
        },
        effects: certificateEffects(certificate, datum, market.roster),
        transcript,
        entries: entries[datum]!,
        atMs: 0,
        durationMs: 1,
      };
      return records.keep(order, record);
    }),
  );
  await records.close();
  return store;
}

/** The n-th datum's text, by its size. */
function textOf(datum: number): string {
  const { bytes } = outcome.transcript.orders[datum]!.body;
  return Object.values(texts).find((text) => text.length === bytes)!;
}
const orderAt = (datum: number) => outcome.certificate.body.data[datum]!;
const clientOf = (datum: number): AccountId => orderAt(datum).client;
const documentOf = async (datum: number, viewer: AccountId | undefined) =>
  (await receiptDocument(orderAt(datum).order, viewer, {
    receipts,
    nameOf: (node) => node.slice(0, 4),
    openSessions: () => [],
    editionOf: () => undefined,
  }))!;
const unpacked = (document: Record<string, unknown>) =>
  decode(new Uint8Array(Buffer.from(String(document.record), 'base64')), z.unknown());
const checksOf = async (document: Record<string, unknown>) =>
  verifyReceipt(document, async (hash) => {
    const bytes = rosterBytes(market.roster);
    expect(hashBytes(bytes)).toBe(hash);
    return bytes;
  });

describe('the receipt of one of several clients of a job', () => {
  it('holds nothing of the others, by which a guess at their texts could be tested', async () => {
    const { transcript, certificate } = outcome;
    for (const viewer of [undefined, clientOf(0), clientOf(1)]) {
      const document = await documentOf(0, viewer);
      const shown = JSON.stringify([unpacked(document), document], (_, value: unknown) =>
        typeof value === 'bigint'
          ? String(value)
          : value instanceof Uint8Array
            ? Buffer.from(value).toString('hex')
            : value,
      );
      const isHis = viewer === clientOf(0);
      for (const [datum, { body, signature }] of transcript.orders.entries()) {
        expect(shown.includes(Buffer.from(signature).toString('hex'))).toBe(datum === 0);
        expect(shown.includes(body.dataHash)).toBe(datum === 0);
        expect(shown.includes(certificate.body.data[datum]!.vectorSalt)).toBe(datum === 0 && isHis);
        for (const { salt } of outcome.entries[datum]!)
          expect(shown.includes(salt)).toBe(datum === 0 && isHis);
      }
      for (const { signature } of transcript.reveals)
        expect(shown.includes(Buffer.from(signature).toString('hex'))).toBe(false);
      expect(Object.keys(unpacked(document) as object)).not.toContain('transcript');
      expect(shown.includes(Buffer.from(transcript.question.salt).toString('hex'))).toBe(false);
    }
  });

  it('rests on the witnesses, and says so', async () => {
    for (const viewer of [undefined, clientOf(1)]) {
      const { isRight, checks } = await checksOf(await documentOf(1, viewer));
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(isRight).toBe(true);
      expect(checks.find(({ name }) => name === 'witnesses')!.detail).toBe(
        "certified by 1 of 1 witnesses; the exam cannot be repeated by you, since it holds other people's texts",
      );
    }
  });

  it('shows its client where his own entries stand', async () => {
    for (const datum of [0, 1, 2]) {
      const record = decodeShownRecord(
        new Uint8Array(Buffer.from(String((await documentOf(datum, clientOf(datum))).record), 'base64')),
      );
      const text = textOf(datum);
      const own = [text.split(' ').at(-1)!, text];
      const found = record.entries!.map(({ place, salt }: OwnEntry) =>
        own.find((each) => entryName(each, salt) === record.part!.list[place]),
      );
      expect(found.sort()).toEqual(own.sort());
    }
  });

  it('fails when anything in it is changed', async () => {
    const document = await documentOf(0, clientOf(0));
    const unnoticed: string[] = [];
    const record = unpacked(document);
    for (const path of leavesOf(record)) {
      const forged = Buffer.from(encode(withChange(record, path))).toString('base64');
      if ((await checksOf({ ...document, record: forged })).isRight) unnoticed.push(path.join('.'));
    }
    // Nobody signs the operator's own notes; a place and its salt give an entry, or do not.
    expect(unnoticed.filter((path) => !/^(kind|salts.*|entries.*)$/.test(path))).toEqual([]);
  });

  it('fails where it shows what is the others’, or leaves its own out', async () => {
    const document = await documentOf(0, clientOf(0));
    const record = unpacked(document) as Record<string, unknown>;
    const { part, ...without } = record;
    const { proof } = record as { proof: { certificate: unknown } };
    for (const forged of [
      without,
      { ...without, transcript: outcome.transcript },
      { ...record, proof: { ...proof, data: [1] } },
      { ...record, part: { ...(part as object), commits: [] } },
    ])
      expect(
        (await checksOf({ ...document, record: Buffer.from(encode(forged)).toString('base64') })).isRight,
      ).toBe(false);
  });

  it('is kept with one transcript a job', async () => {
    expect(put.filter((id) => id.startsWith('transcript-'))).toEqual([
      `transcript-${outcome.certificate.body.transcript}`,
    ]);
    const sizes = await Promise.all(
      outcome.certificate.body.data.map(async ({ order }) => (await receipts.get(order))!.length),
    );
    const transcript = encode(outcome.transcript satisfies Transcript).length;
    for (const size of sizes) expect(size).toBeLessThan(transcript);
  });
});

type Path = readonly (string | number)[];
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}
function changed(leaf: unknown): unknown {
  if (leaf instanceof Uint8Array) return leaf.with(leaf.length >> 1, leaf[leaf.length >> 1]! ^ 1);
  if (typeof leaf === 'number') return leaf + 1;
  if (typeof leaf === 'bigint') return leaf + 1n;
  if (typeof leaf === 'boolean') return !leaf;
  if (leaf === null) return 'f'.repeat(64);
  const text = String(leaf);
  const at = text.length >> 1;
  return `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`;
}
function withChange(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return changed(value);
  if (Array.isArray(value)) return value.with(Number(key), withChange(value[Number(key)], rest));
  const object = value as Record<string, unknown>;
  return { ...object, [key]: withChange(object[key as string], rest) };
}
