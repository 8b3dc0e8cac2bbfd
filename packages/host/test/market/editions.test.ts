import { type MarketId, MoeError } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { type EditionPart, editionBytes, editionHash, readEdition } from '@market-of-experts/protocol';
import { drawnModel, drawnNode } from '@market-of-experts/testing/drawn-exams';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FirstEditionInit, ledgerEditions, openEditions } from '../../src/market/editions.ts';
import {
  alice,
  endEpoch,
  houseKeyOf,
  market,
  marketTerms,
  openMarketLedger,
  owner,
} from './market-ledger.ts';

let ledger: Ledger;
let warnings: string[];
beforeEach(async () => {
  ledger = await openMarketLedger();
  warnings = [];
});
afterEach(() => ledger.close());

const part = (name: string, dimensions = 4): EditionPart => ({
  node: drawnNode(name),
  modelVersion: drawnModel(name),
  dimensions,
  weightSteps: 2,
});
const names = new Map(['words', 'grams', 'meaning'].map((name) => [part(name).node, name]));
const open = (parts: readonly EditionPart[], changes: Partial<FirstEditionInit> = {}) =>
  openEditions({
    ledger,
    market,
    keyOf: houseKeyOf,
    parts,
    isRenewed: false,
    nameOf: (node) => names.get(node) ?? '?',
    onWarning: (message) => warnings.push(message),
    ...changes,
  });
const nodesIn = (parts: readonly EditionPart[] = []) => parts.map(({ node }) => names.get(node));

it('the first edition is published once: another list of experts does not change it, and that is told', async () => {
  const first = (await open([part('meaning'), part('words')])).get()!;
  expect(ledger.editions(market).map(({ edition }) => readEdition(edition))).toEqual([first]);
  const again = await open([part('grams'), part('meaning')]);
  expect(again.get()).toEqual(first);
  expect(again.byHash(editionHash(first))).toEqual(first);
  expect(warnings).toEqual([expect.stringContaining('text-embedding@1 stays in force, of meaning, words')]);
  // Nor does the order of the list, or asking for another where it is the same.
  expect((await open([part('words'), part('meaning')], { isRenewed: true })).all()).toEqual([first]);
  expect(warnings).toHaveLength(1);
});

it('another edition is made on the owner’s word: what stays keeps its place, and the old one its name', async () => {
  const first = (await open([part('meaning'), part('words')])).get()!;
  await endEpoch(ledger);
  const editions = await open([part('grams'), part('words')], { isRenewed: true });
  const second = editions.get()!;
  expect(nodesIn(second.parts)).toEqual(['words', 'grams']);
  expect(second).toMatchObject({
    number: 2,
    previous: editionHash(first),
    fromEpoch: ledger.settings().epoch,
  });
  expect(second.projectionSeed).toBe(first.projectionSeed);
  expect(editions.get(1)).toEqual(first);
  expect(editions.get(3)).toBeUndefined();
  expect((await open([part('grams'), part('words')])).all()).toEqual([first, second]);
});

it('another model of the same expert is another edition, or none', async () => {
  const first = (await open([part('words')])).get()!;
  expect((await open([part('words', 5)])).get()).toEqual(first);
  expect(warnings).toHaveLength(1);
  expect((await open([part('words', 5)], { isRenewed: true })).get()).toMatchObject({ number: 2 });
});

it('what exams chose is not complained of: it is of other parts than the operator named', async () => {
  const first = (await open([part('words')])).get()!;
  const exams = { root: first.evidence, fromBatch: 0, toBatch: 0, texts: 0 };
  const { edition } = ledger.editions(market)[0]!;
  const next = {
    ...readEdition(edition),
    number: 2,
    previous: editionHash(first),
    parts: [part('words'), part('grams')],
  };

  await ledger.transact(owner, { kind: 'publishEdition', market, edition: editionBytes(next), exams });
  expect((await open([part('words')])).get()).toMatchObject({ number: 2 });
  expect(warnings).toEqual([]);
});

it('a market of others gets its first edition here, and no other', async () => {
  const theirs = 'theirs' as MarketId;
  await ledger.transact(alice, { kind: 'createMarket', market: theirs, terms: marketTerms });
  const here = { market: theirs } as const;
  expect((await open([part('words')], here)).get()).toMatchObject({ number: 1, market: theirs });
  expect((await open([part('grams')], { ...here, isRenewed: true })).all()).toHaveLength(1);
  // Where nobody here may publish one there is none.
  const without = 'without' as MarketId;
  await ledger.transact(alice, { kind: 'createMarket', market: without, terms: marketTerms });
  expect((await open([part('words')], { market: without, keyOf: () => undefined })).get()).toBeUndefined();
  expect(ledgerEditions(ledger, without).all()).toEqual([]);
});

it('what cannot be published is said', async () => {
  const tooMany = Array.from({ length: 9 }, (_, index) => part(`expert ${index}`));
  await expect(open(tooMany)).rejects.toBeInstanceOf(MoeError);
});
