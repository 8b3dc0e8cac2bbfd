import { hashOf, type MarketId } from '@market-of-experts/core';
import {
  drawnExams,
  drawnModel as modelOf,
  drawnNode as nodeOf,
} from '@market-of-experts/testing/drawn-exams';
import { describe, expect, it } from 'vitest';
import { type Edition, editionHash, editionSchema } from '../../../../src/editions/edition.ts';
import { problemOfSuccessor } from '../../../../src/editions/succession.ts';
import {
  examShares,
  leastPaidTexts,
  nextEdition,
} from '../../../../src/tasks/embedding/mixture/next-edition.ts';
import {
  examsRoot,
  examWindowBatches,
  examWindowTexts,
  type SettledExam,
  windowOf,
} from '../../../../src/tasks/embedding/mixture/settled-exams.ts';

const editionOf = (names: readonly string[], model = modelOf): Edition =>
  editionSchema.parse({
    network: 'test',
    market: 'text-embedding' as MarketId,
    number: 4,
    previous: hashOf('test/edition', 3),
    parts: names.map((name) => ({
      node: nodeOf(name),
      modelVersion: model(name),
      dimensions: 8,
      weightSteps: 2,
    })),
    places: null,
    gate: [],
    windowCharacters: 1_000,
    projectionSeed: hashOf('test/projection', 0),
    fromEpoch: 1,
    toEpoch: 50,
    evidence: hashOf('test/evidence', 0),
  });
const terms = {
  seed: hashOf('test/beacon', 9),
  epoch: 9,
  servedEpochs: 100,
  evidence: hashOf('test/exams', 0),
};
const good = drawnExams(1_200, { a: 1.2, b: 1.2, noise: 0 });
const next = (edition: Edition, exams: readonly SettledExam[] = good) => nextEdition(edition, exams, terms);

describe('the next edition', () => {
  it('is the one in force with an expert more that exams prove, placed last', () => {
    const edition = editionOf(['a']);
    const chosen = next(edition)!;
    expect(chosen.change).toMatchObject({ kind: 'add', expert: nodeOf('b') });
    expect(chosen.edition.parts.map(({ node }) => node)).toEqual([nodeOf('a'), nodeOf('b')]);
    expect(chosen.edition.parts[1]).toMatchObject({ modelVersion: modelOf('b'), dimensions: 8 });
    expect(chosen.edition).toMatchObject({
      number: 5,
      previous: editionHash(edition),
      fromEpoch: 9,
      toEpoch: 109,
      evidence: terms.evidence,
    });
    expect(editionSchema.safeParse(chosen.edition).success).toBe(true);
    expect(problemOfSuccessor(edition, chosen.edition)).toBeUndefined();
    expect(next(edition, good.toReversed())).toEqual(chosen);
  });

  it('is none where nothing is proven, or too little was examined', () => {
    expect(next(editionOf(['a']), drawnExams(1_200, { a: 1.2, noise: 0 }))).toBeUndefined();
    expect(next(editionOf(['a']), good.slice(0, 499))).toBeUndefined();
    expect(next(editionOf(['a']), [])).toBeUndefined();
  });

  it('drops a part that answers as another model than the edition names', () => {
    const chosen = next(editionOf(['a', 'b'], (name) => modelOf(name === 'b' ? 'b before' : name)))!;
    expect(chosen.change).toMatchObject({ kind: 'drop', expert: nodeOf('b') });
  });

  it('adds nobody who was not examined lately', () => {
    const since = 0.7 * good.at(-1)!.batch;
    const gone = good.map((settled) => {
      const { exam, batch } = settled;
      if (batch < since) return settled;
      const place = exam.experts.findIndex(({ node }) => node === nodeOf('b'));
      return {
        ...settled,
        exam: {
          ...exam,
          experts: exam.experts.toSpliced(place, 1),
          data: exam.data.map((datum) => ({ ...datum, products: datum.products.toSpliced(place, 1) })),
        },
      };
    });
    expect(next(editionOf(['a']), gone)).toBeUndefined();
  });

  it('names no expert of which nobody knows the model', () => {
    const unknown = good.map(({ exam, ...rest }) => ({
      ...rest,
      exam: {
        ...exam,
        experts: exam.experts.map((expert) =>
          expert.node === nodeOf('b') ? { ...expert, modelVersion: null } : expert,
        ),
      },
    }));
    expect(next(editionOf(['a']), unknown)).toBeUndefined();
  });
});

describe('shares of the service fee', () => {
  it('follow what the parts added, to the millionth', () => {
    const shares = examShares(editionOf(['a', 'b', 'noise']), good)!;
    expect(shares.map(({ node }) => node)).toEqual(['a', 'b', 'noise'].map(nodeOf));
    expect(shares.reduce((sum, { millionths }) => sum + millionths, 0)).toBe(1_000_000);
    const [a, b, noise] = shares.map(({ millionths }) => millionths);
    expect(Math.abs(a! - b!)).toBeLessThan(100_000);
    expect(noise).toBeLessThan(50_000);
    expect(examShares(editionOf(['a', 'b', 'noise']), good.toReversed())).toEqual(shares);
  });

  it('are none before enough was examined and paid', () => {
    const edition = editionOf(['a', 'b']);
    expect(examShares(edition, good.slice(0, leastPaidTexts - 1))).toBeUndefined();
    expect(examShares(edition, good.slice(0, leastPaidTexts))).toBeDefined();
    expect(examShares(editionOf(['somebody else']), good)).toBeUndefined();
  });
});

const idOf = ({ exam }: SettledExam) => exam.certificate;

describe('the exams that count', () => {
  it('are the latest, in whole settlements, in their order', () => {
    const exams = drawnExams(examWindowTexts + 100, { a: 1 });
    const { exams: inside, record } = windowOf(exams.toReversed(), 1_000);
    expect(record).toEqual({
      root: examsRoot(inside),
      fromBatch: 25,
      toBatch: 1_000,
      texts: examWindowTexts,
    });
    expect(inside.map(idOf)).toEqual(exams.slice(100).map(idOf));
  });

  it('are none that so many settlements have followed', () => {
    const exams = drawnExams(8, { a: 1 });
    expect(windowOf(exams, examWindowBatches).exams).toHaveLength(8);
    expect(windowOf(exams, examWindowBatches + 1).exams).toHaveLength(4);
  });

  it('are those that were settled before', () => {
    const exams = drawnExams(40, { a: 1 });
    expect(windowOf(exams, 3).exams.map(idOf)).toEqual(exams.slice(0, 12).map(idOf));
    expect(windowOf(exams, 0)).toEqual({
      exams: [],
      record: { root: examsRoot([]), fromBatch: 0, toBatch: 0, texts: 0 },
    });
  });

  it('has another root where anything in it differs', () => {
    const exams = drawnExams(8, { a: 1 });
    const root = examsRoot(exams);
    expect(examsRoot(exams.slice(1))).not.toBe(root);
    expect(examsRoot(exams.map((exam, index) => (index === 3 ? { ...exam, batch: 9 } : exam)))).not.toBe(
      root,
    );
    expect(examsRoot(drawnExams(8, { a: 1.1 }))).not.toBe(root);
  });
});
