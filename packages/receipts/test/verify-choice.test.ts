import { hashBytes, hashOf, type MarketId } from '@market-of-experts/core';
import {
  type Edition,
  editionBytes,
  editionHash,
  editionSchema,
  examShares,
  examsListBytes,
  keptExamBytes,
  nextEdition,
  type SettledExam,
  servedEpochs,
  windowOf,
} from '@market-of-experts/protocol';
import { drawnDimensions, drawnExams, drawnModel, drawnNode } from '@market-of-experts/testing/drawn-exams';
import { beforeEach, describe, expect, it } from 'vitest';
import { verifyEditions } from '../src/verify-choice.ts';

const rules = { epochMs: 60_000 };
const exams = drawnExams(900, { a: 1.2, b: 1.2 });
const toBatch = 400;
const { record } = windowOf(exams, toBatch);
const first: Edition = editionSchema.parse({
  network: 'test',
  market: 'text-embedding' as MarketId,
  number: 1,
  previous: null,
  parts: [
    { node: drawnNode('a'), modelVersion: drawnModel('a'), dimensions: drawnDimensions, weightSteps: 2 },
  ],
  places: null,
  gate: [],
  windowCharacters: 1_000,
  projectionSeed: hashOf('test/projection', 0),
  fromEpoch: 1,
  toEpoch: 50,
  evidence: hashOf('test/evidence', 0),
});
const beacon = hashOf('test/beacon', 9);
const { edition: second } = nextEdition(first, exams, {
  seed: beacon,
  epoch: 9,
  servedEpochs: servedEpochs(rules),
  evidence: record.root,
})!;
const told = (edition: Edition) => ({
  number: edition.number,
  hash: editionHash(edition),
  record: Buffer.from(editionBytes(edition)).toString('base64'),
  beacon,
  epoch: edition.fromEpoch,
});
const millionths = examShares(second, exams)!.map((share) => share.millionths);
const published = [
  told(first),
  { ...told(second), exams: record, shares: { epoch: 9, millionths, exams: record } },
] as const;

let blobs: Map<string, Uint8Array>;
const keep = (bytes: Uint8Array): void => void blobs.set(hashBytes(bytes), bytes);
const keepAll = (of: readonly SettledExam[]): void => {
  for (const { exam } of of) keep(keptExamBytes(exam));
  keep(examsListBytes(windowOf(of, toBatch).exams));
};
beforeEach(() => {
  blobs = new Map();
  keepAll(exams);
});
const fetchBlob = async (hash: string): Promise<Uint8Array> => {
  const bytes = blobs.get(hash);
  if (bytes === undefined) throw new Error(`There is no blob ${hash}.`);
  return bytes;
};
type Told = Parameters<typeof verifyEditions>[0];
/** Checks that do not agree, by edition. */
const wrongIn = async (editions: Told): Promise<string[]> =>
  (await verifyEditions(editions, rules, fetchBlob)).flatMap(({ name, checks }) =>
    checks.filter(({ ok }) => !ok).map((check) => `${name} ${check.name}: ${check.detail}`),
  );
const changed = (change: object): Told => [published[0], { ...published[1], ...change }];

describe('what a ledger says of its editions', () => {
  it('is recomputed from the exams that it names', async () => {
    const found = await verifyEditions(published, rules, fetchBlob);
    expect(
      found.map(({ name, checks }) => [
        name,
        checks.map(({ name: of, ok, isSkipped }) => [of, ok, isSkipped]),
      ]),
    ).toEqual([
      [
        'text-embedding@1',
        [
          ['edition', true, undefined],
          ['choice', true, true],
          ['shares', true, true],
        ],
      ],
      [
        'text-embedding@2',
        [
          ['edition', true, undefined],
          ['choice', true, undefined],
          ['shares', true, undefined],
        ],
      ],
    ]);
    const [a, b] = found[1]!.parts!;
    expect(a!.millionths + b!.millionths).toBe(1_000_000);
    for (const { lowersLoss } of [a!, b!]) expect(lowersLoss).toBeGreaterThan(0.05);
    expect(found[1]!.checks[1]!.detail).toMatch(/900 texts choose it \(add\): a gain of 0\.\d{4}/);
  });

  it('does not agree where it was chosen or shared otherwise', async () => {
    expect(
      await wrongIn(changed({ shares: { ...published[1].shares, millionths: [1_000_000, 0] } })),
    ).toEqual(['text-embedding@2 shares: These exams give the parts other shares.']);
    const heavier = { ...second, parts: second.parts.map((part) => ({ ...part, weightSteps: 7 })) };
    expect(await wrongIn(changed({ ...told(heavier), shares: undefined }))).toEqual([
      'text-embedding@2 choice: These exams choose another edition.',
    ]);
    // Dealt by another beacon, or for another epoch, other halves might have proven it.
    expect(await wrongIn(changed({ epoch: 10 }))).toContain(
      'text-embedding@2 choice: These exams choose another edition.',
    );
  });

  it('does not agree where exams are left out, changed, or not the ones that count', async () => {
    const some = exams.slice(0, 600);
    keepAll(some);
    const { root } = windowOf(some, toBatch).record;
    const [first] = await wrongIn(changed({ exams: { ...record, root }, shares: undefined }));
    expect(first).toMatch(/not those that count/);
    for (const hash of [...blobs.keys()].slice(0, 1))
      blobs.set(hash, keptExamBytes(drawnExams(1, { a: 2 })[0]!.exam));
    expect(await wrongIn(published)).toEqual([
      'text-embedding@2 choice: An exam does not have its hash.',
      'text-embedding@2 shares: An exam does not have its hash.',
    ]);
    blobs.clear();
    expect((await wrongIn(published))[0]).toMatch(/There is no blob/);
  });

  it('does not agree where an edition is another than its hash says, or does not follow', async () => {
    expect(await wrongIn([{ ...published[0], hash: editionHash(second) }])).toEqual([
      'number 1 edition: It does not have its hash.',
    ]);
    expect((await wrongIn([published[0], told({ ...second, previous: beacon })]))[0]).toMatch(
      /names its hash/,
    );
    expect((await wrongIn([{ ...published[0], record: 'AAAA' }]))[0]).toMatch(/number 1 edition/);
    // What came before those that are remembered cannot be asked.
    expect(await wrongIn([published[1]])).toEqual([]);
  });
});
