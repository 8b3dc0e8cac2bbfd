import { hashOf } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import {
  examShapley,
  examShares,
  type NextEdition,
  nextEdition,
  type SettledExam,
  servedEpochs,
  toNumber,
  windowOf,
} from '@market-of-experts/protocol';
import { drawnDimensions, drawnExams, drawnModel, drawnNode } from '@market-of-experts/testing/drawn-exams';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type EditionKeeper,
  type EditionKeeperInit,
  editionKeeper,
} from '../../src/market/edition-keeper.ts';
import { type Editions, openEditions } from '../../src/market/editions.ts';
import { endEpoch, epochMs, houseKeyOf, market, openMarketLedger, owner } from './market-ledger.ts';

const good = drawnExams(1_200, { a: 1.2, b: 1.2 }).map((exam) => ({ ...exam, batch: 0 }));
const part = (name: string) => ({
  node: drawnNode(name),
  modelVersion: drawnModel(name),
  dimensions: drawnDimensions,
  weightSteps: 2,
});

let ledger: Ledger;
let editions: Editions;
let exams: readonly SettledExam[];
let keeper: EditionKeeper;
let published: string[];
let chosen: NextEdition[];
let warnings: string[];
const keep = (changes: Partial<EditionKeeperInit> = {}): void => {
  keeper = editionKeeper({
    ledger,
    market,
    keys: owner,
    editions,
    exams: {
      window: async (toBatch) => ({
        ...windowOf(exams, 1),
        record: { ...windowOf(exams, 1).record, fromBatch: 0, toBatch },
      }),
      texts: async () => more,
      publish: async ({ record }) => void published.push(record.root),
    },
    isHeld: false,
    leastAgeMs: 0,
    isKeptOut: () => false,
    nameOf: String,
    onChosen: (next) => void chosen.push(next),
    onWarning: (message) => void warnings.push(message),
    ...changes,
  });
};
/** Data that were examined since something was published. */
let more: number;
beforeEach(async () => {
  ledger = await openMarketLedger();
  [published, chosen, warnings, exams, more] = [[], [], [], good, good.length];
  editions = await openEditions({
    ledger,
    market,
    keyOf: houseKeyOf,
    parts: [part('a')],
    isRenewed: false,
    nameOf: String,
    onWarning: (message) => void warnings.push(message),
  });
});
afterEach(async () => {
  await keeper.close();
  await ledger.close();
});
const pass = async (epochs = 1): Promise<void> => {
  for (let passed = 0; passed < epochs; passed += 1) {
    await endEpoch(ledger);
    await keeper.idle();
  }
};
const recordOf = (number: number) => ledger.editions(market).find((record) => record.number === number);

describe('when an epoch begins', () => {
  it('the edition that exams choose is in force, and its parts are paid as they added', async () => {
    keep();
    await pass();
    const { epoch, beacon, rules } = ledger.settings();
    const inForce = editions.get()!;
    const { exams: record, shares } = recordOf(2)!;
    const expected = nextEdition(editions.get(1)!, good, {
      seed: beacon,
      epoch,
      servedEpochs: servedEpochs(rules),
      evidence: record!.root,
    })!;
    expect(inForce).toEqual(expected.edition);
    expect(chosen).toEqual([expected]);
    expect(shares).toEqual({
      epoch,
      millionths: examShares(inForce, good)!.map(({ millionths }) => millionths),
      exams: record,
    });
    expect(published).toEqual([record!.root]);
    expect(warnings).toEqual([]);
    const worth = examShapley(inForce, good)!.map(toNumber);
    expect(keeper.lowersLoss(inForce)).toEqual(worth);
    expect(keeper.lowersLoss(editions.get(1)!)).toBeUndefined();
    // The next process knows it from the exams that the ledger names.
    await keeper.close();
    keep();
    await keeper.idle();
    expect(keeper.lowersLoss(inForce)).toEqual(worth);
  });

  it('an edition stays for its least age, or for as long as its owner holds it; it is paid by exams meanwhile', async () => {
    keep({ leastAgeMs: 3 * epochMs });
    await pass(2);
    expect(editions.all()).toHaveLength(1);
    expect(recordOf(1)!.shares!.millionths).toEqual([1_000_000]);
    await pass();
    expect(editions.all()).toHaveLength(2);
    await keeper.close();
    keep({ isHeld: true });
    exams = drawnExams(1_200, { a: 1.2, b: 1.2, c: 1.2 }).map((exam) => ({ ...exam, batch: 0 }));
    await pass();
    expect(editions.all()).toHaveLength(2);
  });

  it('nothing is published on too few exams, or where nothing more was examined', async () => {
    [exams, more] = [good.slice(0, 99), 99];
    keep();
    await pass();
    expect(published).toEqual([]);
    [exams, more] = [drawnExams(1_200, { a: 1.2 }).map((exam) => ({ ...exam, batch: 0 })), 1_200];
    await pass();
    const { shares } = recordOf(1)!;
    more = 99;
    await pass(2);
    expect(recordOf(1)!.shares).toEqual(shares);
    expect(editions.all()).toHaveLength(1);
  });

  it('exams do not bring in an expert that audits found, and pay the parts all the same', async () => {
    keep({ isKeptOut: (node) => node === drawnNode('b') });
    await pass();
    expect(editions.all()).toHaveLength(1);
    expect(chosen).toEqual([]);
    expect(recordOf(1)!.shares!.millionths).toEqual([1_000_000]);
    expect(warnings).toEqual([expect.stringContaining(`to ${drawnNode('b')}, but audits found`)]);
    await keeper.close();
    keep({ isKeptOut: (node) => node === drawnNode('a') });
    await pass();
    expect(editions.all()).toHaveLength(2);
  });

  it('what the ledger refuses is told, and tried again in the next epoch', async () => {
    const other = { root: hashOf('test/exams', 0), fromBatch: 0, toBatch: 7, texts: 600 };
    const right = { exams: good, record: { ...windowOf(good, 1).record, toBatch: 0 } };
    let isWrong = true;
    keep({
      exams: {
        window: async () => (isWrong ? { exams: good, record: other } : right),
        texts: async () => 1_200,
        publish: async () => undefined,
      },
    });
    await pass();
    expect(warnings).toEqual([expect.stringContaining('will be tried in the next epoch')]);
    expect(editions.all()).toHaveLength(1);
    isWrong = false;
    await pass();
    expect(editions.all()).toHaveLength(2);
  });
});
