import { statSync } from 'node:fs';
import type { MarketEvent } from '@market-of-experts/api/events';
import type { Viewer } from '@market-of-experts/api/shown-text';
import { type AccountId, decode } from '@market-of-experts/core';
import { editionReceiptParts } from '@market-of-experts/receipts/receipt-id';
import { verifyReceipt } from '@market-of-experts/receipts/verify-receipt';
import {
  longText,
  openTestMarket,
  receiptOf,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type EmbeddedMarket, embeddedMarketId } from '../src/embedded-market.ts';

const directory = temporaryDirectory();
const stranger = `0x${'5'.repeat(40)}` as AccountId;
const secrets = { shard: `Xylophon ${longText(1)}`, route: 'Xylophon secret' };
const open = { shard: `Openly ${longText(2)}`, route: 'Openly said' };
const ofTheHouse = `Household ${longText(3)}`;
let market: EmbeddedMarket;
let receipts: readonly string[];
let openReceipts: readonly string[];
const heard: { readonly viewer: Viewer; readonly event: MarketEvent }[] = [];

const embed = async (account: AccountId, texts: readonly string[], isTextPublic?: boolean) =>
  (
    await market.service.serve({
      account,
      market: embeddedMarketId,
      texts,
      mode: 'shard',
      ...(isTextPublic === undefined ? {} : { isTextPublic }),
    })
  ).map(({ receiptId }) => receiptId);

beforeAll(async () => {
  market = await openTestMarket(directory.path);
  market.service.subscribe((_, toldTo) => {
    for (const viewer of [undefined, stranger, market.clientAccount])
      heard.push({ viewer, event: toldTo(viewer) });
  });
  receipts = await embed(market.clientAccount, Object.values(secrets));
  openReceipts = await embed(market.clientAccount, Object.values(open), true);
  await embed(market.houseAccount, [ofTheHouse]);
  await settled(market, 5);
});
afterAll(async () => {
  await market.close();
  directory.remove();
});

/** All that somebody can get out of the market, with what is packed in it unpacked. */
async function everythingFor(viewer: Viewer): Promise<string> {
  const parts = receipts.flatMap(partsOf);
  const documents = await Promise.all(
    [...receipts, ...parts, ...parts.map((id) => id.slice(0, 64))].map((id) =>
      market.service.receipt(id, viewer),
    ),
  );
  const found = [
    market.service.status(viewer),
    await market.service.regions(),
    market.service.markets(),
    market.service.readiness(),
    ...heard.filter((each) => each.viewer === viewer).map(({ event }) => event),
    ...documents,
    ...documents
      .filter((document) => document?.record !== undefined)
      .map((document) =>
        decode(new Uint8Array(Buffer.from(String(document?.record), 'base64')), z.unknown()),
      ),
  ];
  return JSON.stringify(found, (_, value: unknown) =>
    typeof value === 'bigint'
      ? String(value)
      : value instanceof Uint8Array
        ? Buffer.from(value).toString('latin1')
        : value,
  );
}

describe('words of a text', () => {
  it.each([
    ['without a key', undefined],
    ['with the key of another account', stranger],
  ])('are nowhere to be found %s', async (_, viewer) => {
    const all = await everythingFor(viewer);
    expect(all).not.toContain('Xylophon');
    expect(all).toContain('Openly');
    expect(all).toContain('Household');
  });

  it('are shown to who paid, in lists, events and receipts', async () => {
    const owner = market.clientAccount;
    const lists = JSON.stringify(market.service.status(owner).recentJobs.map(({ preview }) => preview));
    expect(lists).toContain('Xylophon secret');
    expect(lists).toContain('Xylophon The old');
    expect(heard.some(({ viewer, event }) => viewer === owner && /Xylophon/.test(previewOf(event)))).toBe(
      true,
    );
    const exam = partsOf(receipts[0]!).at(-1)!;
    expect(await receiptOf(market, exam, owner)).toMatchObject({
      preview: expect.stringContaining('Xylophon'),
      isTextPublic: false,
    });
  });

  it('are one and the same event for all who do not own them', () => {
    const told: MarketEvent[][] = [];
    const unsubscribe = market.service.subscribe((event, toldTo) =>
      told.push([event, toldTo(undefined), toldTo(stranger)]),
    );
    market.experts.announceTraining('pupil', 'learns', { done: 1, total: 2 });
    unsubscribe();
    for (const [event, ...others] of told) for (const other of others) expect(other).toBe(event);
  });

  it('are not needed by others to verify a receipt, and who paid can verify them too', async () => {
    const checksOf = async (id: string, viewer: Viewer) =>
      (
        await verifyReceipt(
          await receiptOf(market, id, viewer),
          async (hash) => (await market.service.blob(hash as never))!,
        )
      ).checks;
    for (const id of receipts.flatMap(partsOf)) {
      const checks = await checksOf(id, stranger);
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(checks.filter(({ isSkipped }) => isSkipped)).toMatchObject([
        { name: 'text', detail: expect.stringMatching(/salted hash is [0-9a-f]{64}/) },
      ]);
    }
    const [routed] = partsOf((await embed(market.clientAccount, ['Xylophon again']))[0]!);
    await settled(market, 7);
    expect((await checksOf(routed!, market.clientAccount)).at(-1)).toMatchObject({
      name: 'text',
      ok: true,
      detail: expect.stringContaining('hash that was ordered'),
    });
    // What is short could be guessed from a plain hash: the salt is not given out either.
    const [shown, hidden] = await Promise.all(
      [market.clientAccount, stranger].map(async (viewer) =>
        recordIn(await receiptOf(market, routed!, viewer)),
      ),
    );
    expect(shown).toHaveProperty('salts');
    expect(hidden).not.toHaveProperty('salts');
    expect(hidden).not.toHaveProperty('preview');
  });

  it('are public for good where their owner said so, also in the next process', async () => {
    await market.close();
    market = await openTestMarket(directory.path);
    const all = await everythingFor(undefined);
    expect(all).not.toContain('Xylophon');
    expect(all).toContain('Openly');
    expect(await receiptOf(market, partsOf(openReceipts[0]!).at(-1)!)).toMatchObject({
      preview: expect.stringContaining('Openly'),
      isTextPublic: true,
    });
    expect(await everythingFor(market.clientAccount)).toContain('Xylophon');
  });

  it('lie in a directory that only its owner can enter', () => {
    expect(statSync(directory.path).mode & 0o077).toBe(0);
  });
});

/** Receipts of the part, and of the exam where there was one. */
function partsOf(receiptId: string): readonly string[] {
  return editionReceiptParts(receiptId)!.receipts;
}

function previewOf(event: MarketEvent): string {
  return 'job' in event ? (event.job.preview ?? '') : '';
}

function recordIn(receipt: Record<string, unknown>): unknown {
  return decode(new Uint8Array(Buffer.from(String(receipt.record), 'base64')), z.unknown());
}
