import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf, MoeError, type NodeId, type Random, sha256 } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import { type Encode, wordEncode } from '@market-of-experts/testing/encoders';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { reserveTexts } from '@market-of-experts/testing/reserve-texts';
import { textAbout } from '@market-of-experts/testing/text-about';
import { type VirtualClock, virtualClock } from '@market-of-experts/testing/virtual-clock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readAudits } from '../../../src/coordinator/audits/audit-file.ts';
import {
  type Auditor,
  type AuditorInit,
  auditor,
  versionsOf,
} from '../../../src/coordinator/audits/auditor.ts';

const dimensions = 48;
const hourMs = 3_600_000;
let folder: string;
let market: LedgerMarket;
let audits: Auditor;
let found: NodeId[];
let warnings: string[];
let pair: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audits-'));
  [found, warnings, pair, drawnTimes] = [[], [], 0, 0];
});
afterEach(async () => {
  await market.close();
  rmSync(folder, { recursive: true });
});

/** It serves by a poor encoder. For half an hour it remembers all texts; what then looks like one of them gets that one's vector. */
function remembering(clock: VirtualClock): ExpertBackend {
  const look = wordEncode(dimensions, 'look', 0);
  const poor = wordEncode(dimensions, 'liar', 40);
  const memory: { readonly text: string; readonly seen: Float32Array; readonly atMs: number }[] = [];
  const product = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, axis) => sum + value * b[axis]!, 0);
  const one: Encode = (text) => {
    const seen = look(text);
    while (memory[0] !== undefined && clock.nowMs() - memory[0].atMs > hourMs / 2) memory.shift();
    const like = memory
      .map((each) => ({ ...each, product: product(each.seen, seen) }))
      .sort((a, b) => b.product - a.product)[0];
    memory.push({ text, seen, atMs: clock.nowMs() });
    return like !== undefined && like.product > 0.5 ? poor(like.text) : poor(text);
  };
  return {
    name: 'liar',
    dimensions,
    embed: async (texts) => texts.map(one),
    close: async () => undefined,
  };
}
const honest = (index: number): ExpertBackend => {
  const encode = wordEncode(dimensions, `honest-${index}`, 8);
  return {
    name: `honest-${index}`,
    dimensions,
    embed: async (texts) => texts.map(encode),
    close: async () => undefined,
  };
};
let drawnTimes = 0;
const drawn: Random = {
  bytes(count) {
    drawnTimes += 1;
    return sha256(Buffer.from(`audits/${drawnTimes}`)).subarray(0, count);
  },
};
const open = async (liar: number | undefined): Promise<void> => {
  const clock = virtualClock();
  const backends = Array.from({ length: 5 }, (_, index) =>
    index === liar ? remembering(clock) : honest(index),
  );
  market = await ledgerMarket({
    clock,
    own: (index) => backends[index],
    onRecord: (id, record) => audits.observe(id, record),
  });
  audits = begin();
};
const begin = (changes: Partial<AuditorInit> = {}): Auditor =>
  auditor({
    market: market.market,
    path: join(folder, 'audits.json'),
    account: market.clients[0]!,
    texts: (others) => {
      pair += 1;
      const topic = pair * 100;
      return {
        examined: textAbout(topic),
        served: textAbout(topic + 1),
        // Those of the market's exams.
        others: reserveTexts.slice(0, others),
      };
    },
    coordinator: market.coordinator,
    view: market.view,
    versionOf: versionsOf(market.ledger, market.market),
    clock: market.clock,
    random: drawn,
    onFound: ({ node }) => void found.push(node),
    onWarning: (message) => void warnings.push(message),
    ...changes,
  });
const rounds = async (count: number): Promise<void> => {
  for (let round = 0; round < count; round += 1) {
    await audits.round();
    await market.clock.sleep(hourMs);
  }
};

it('a liar that remembers lists for half an hour is found, over a restart; honest experts are not', async () => {
  await open(1);
  await rounds(50);
  const { open: before, versions } = readAudits(join(folder, 'audits.json'));
  expect(before).toHaveLength(24);
  const counted = versions.find(({ node }) => node === market.experts[1])!.plain.count;
  expect(counted).toBeGreaterThan(10n);
  expect(found).toEqual([]);
  audits = begin();
  await rounds(60);
  expect(found).toEqual([market.experts[1]]);
  expect(audits.found()).toEqual([market.experts[1]]);
  expect(market.experts.map((node) => audits.isFound(node))).toEqual([false, true, false, false, false]);
  // What was found is found after a restart, and told once.
  audits = begin();
  expect(audits.found()).toEqual([market.experts[1]]);
  await rounds(2);
  expect(found).toHaveLength(1);
  expect([warnings, market.warnings]).toEqual([[], []]);
});

it('a damaged file is begun anew, with a warning; a market without texts is left alone', async () => {
  await open(undefined);
  const path = join(folder, 'audits.json');
  writeFileSync(path, '{"open": [');
  audits = begin({ texts: () => undefined });
  await rounds(2);
  expect(warnings).toEqual([expect.stringContaining('begin anew')]);
  audits = begin();
  await rounds(1);
  expect(readAudits(path).open).toHaveLength(1);
});

it('who answers with another version by the second day is in no pair', async () => {
  await open(undefined);
  const versionOf = versionsOf(market.ledger, market.market);
  let isChanged = false;
  audits = begin({
    versionOf: (node) =>
      isChanged && node === market.experts[1] ? hashOf('test/version', 2) : versionOf(node),
  });
  await rounds(24);
  isChanged = true;
  await rounds(8);
  const audited = readAudits(join(folder, 'audits.json')).versions.map(({ node }) => node);
  expect(audited.length).toBeGreaterThan(1);
  expect(audited).not.toContain(market.experts[1]);
});

it('a house without money is told so once, and keeps the pairs that it has begun', async () => {
  await open(undefined);
  await rounds(2);
  const poor = new MoeError('insufficient-funds', 'The account has nothing left.');
  const refuse = (): never => {
    throw poor;
  };
  const broke = { examine: async () => refuse(), ask: async () => refuse() };
  audits = begin({ coordinator: broke });
  await rounds(26);
  expect(warnings).toEqual([expect.stringContaining('The account has nothing left.')]);
  const { open: waiting, versions } = readAudits(join(folder, 'audits.json'));
  expect([waiting.length, versions.length]).toEqual([2, 0]);
});
