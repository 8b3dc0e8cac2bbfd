import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import { temporaryDirectory } from '@market-of-experts/ledger/compliance/temporary-directory';
import { type EditionPart, editionHash } from '@market-of-experts/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EditionsInit, editionsFile, openEditions } from '../../src/market/editions.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let warnings: string[];
beforeEach(() => {
  directory = temporaryDirectory();
  warnings = [];
});
afterEach(() => directory.remove());

const part = (name: string, dimensions = 4): EditionPart => ({
  node: hashOf('test/node', name) as string as NodeId,
  modelVersion: hashOf('test/model', name),
  dimensions,
  weightSteps: 2,
});
const names = new Map(['words', 'grams', 'meaning'].map((name) => [part(name).node, name]));
const open = (parts: readonly EditionPart[], changes: Partial<EditionsInit> = {}) =>
  openEditions({
    directory: directory.path,
    network: 'embedded-test',
    market: 'text-embedding' as MarketId,
    parts,
    isRenewed: false,
    epoch: 3,
    nameOf: (node) => names.get(node) ?? '?',
    onWarning: (message) => warnings.push(message),
    ...changes,
  });
const nodesIn = (parts: readonly EditionPart[] = []) => parts.map(({ node }) => names.get(node));

it('the first edition is made once: another list of experts does not change it, and that is told', () => {
  const first = open([part('meaning'), part('words')]).get()!;
  const again = open([part('grams'), part('meaning')]);
  expect(again.get()).toEqual(first);
  expect(again.byHash(editionHash(first))).toEqual(first);
  expect(warnings).toEqual([expect.stringContaining('text-embedding@1 stays in force, of meaning, words')]);
  // Nor does the order of the list, or asking for another where it is the same.
  expect(open([part('words'), part('meaning')], { isRenewed: true }).all()).toEqual([first]);
  expect(warnings).toHaveLength(1);
});

it('another edition is made on the owner’s word: what stays keeps its place, and the old one its name', () => {
  const first = open([part('meaning'), part('words')]).get()!;
  const editions = open([part('grams'), part('words')], { isRenewed: true, epoch: 9 });
  const second = editions.get()!;
  expect(nodesIn(second.parts)).toEqual(['words', 'grams']);
  expect(second).toMatchObject({ number: 2, previous: editionHash(first), fromEpoch: 9 });
  expect(second.projectionSeed).toBe(first.projectionSeed);
  expect(editions.get(1)).toEqual(first);
  expect(editions.get(3)).toBeUndefined();
  expect(open([part('grams'), part('words')]).all()).toEqual([first, second]);
});

it('another model of the same expert is another edition, or none', () => {
  const first = open([part('words')]).get()!;
  expect(open([part('words', 5)]).get()).toEqual(first);
  expect(warnings).toHaveLength(1);
  expect(open([part('words', 5)], { isRenewed: true }).get()).toMatchObject({ number: 2 });
});

it('a damaged file is not made again', () => {
  open([part('words')]);
  const path = join(directory.path, editionsFile);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"dimensions": 4', '"dimensions": 5'));
  expect(() => open([part('words')])).toThrow(expect.objectContaining({ code: 'file-damaged' }));
});
