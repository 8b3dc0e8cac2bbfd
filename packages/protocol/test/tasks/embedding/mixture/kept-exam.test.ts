import { decode, encode } from '@market-of-experts/core';
import {
  drawnAccount as accountOf,
  drawnModel as modelOf,
  drawnNode as nodeOf,
} from '@market-of-experts/testing/drawn-exams';
import { describe, expect, it } from 'vitest';
import {
  type KeptExam,
  keptExam,
  keptExamSchema,
  keptProducts,
} from '../../../../src/tasks/embedding/mixture/kept-exam.ts';
import { examRoster, type FixtureSeat, fixtureExam } from './exam-fixture.ts';

const model = (node: string) => (node === nodeOf('a') ? modelOf('a') : undefined);
const seat = (principal: string, scale: number, more: Partial<FixtureSeat> = {}): FixtureSeat => ({
  principal,
  vectors: [
    [scale, 0],
    [0, scale],
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ],
  ...more,
});
const kept = (
  seats: readonly FixtureSeat[],
  ...rest: [clients?: Parameters<typeof fixtureExam>[1]]
): KeptExam => {
  const { body, transcript } = fixtureExam(seats, ...rest);
  return keptExam(body, transcript, examRoster, model);
};
const indexOf = (exam: KeptExam, name: string): number =>
  exam.experts.findIndex(({ node }) => node === nodeOf(name));

describe('what is kept of an exam', () => {
  it('are the exact products of each expert for each datum', () => {
    const exam = kept([seat('a', 100), seat('b', 10)]);
    // Kept part (100, 0) with pieces (3, 4), (5, 6) and others (1, 2), (7, 8).
    expect(keptProducts(exam.data[0]!, indexOf(exam, 'a'))).toEqual({ own: [300, 500], others: [100, 700] });
    expect(keptProducts(exam.data[0]!, indexOf(exam, 'b'))).toEqual({ own: [30, 50], others: [10, 70] });
    expect(keptProducts(exam.data[1]!, indexOf(exam, 'a'))).toEqual({ own: [200], others: [400, 600, 800] });
    expect(exam.experts[indexOf(exam, 'a')]).toEqual({
      node: nodeOf('a'),
      modelVersion: modelOf('a'),
      dimensions: 2,
    });
    expect(exam.experts[indexOf(exam, 'b')]!.modelVersion).toBeNull();
  });

  it('does not depend on the order of seats, and survives being written', () => {
    const seats = [seat('a', 100), seat('b', 10), seat('c', 20)];
    expect(kept(seats.toReversed()).data).toEqual(kept(seats).data);
    expect(decode(encode(kept(seats)), keptExamSchema)).toEqual(kept(seats));
  });

  it('leaves out who was not scored, or answered what is no answer', () => {
    const exam = kept([
      seat('a', 100),
      seat('b', 10, { isScored: false }),
      seat('c', 20, { vectors: [[1], [1], [1], [1], [1, 1], [1]] }),
    ]);
    expect(exam.experts.map(({ node }) => node)).toEqual([nodeOf('a')]);
  });

  it('counts once who worked in several seats, by its own where it has one', () => {
    const own = [seat('b', 7), seat('a', 100), seat('c', 50, { worker: 'b' })];
    for (const seats of [own, own.toReversed()]) {
      const exam = kept(seats);
      expect(exam.experts).toHaveLength(2);
      expect(keptProducts(exam.data[0]!, indexOf(exam, 'b'))!.own).toEqual([21, 35]);
    }
  });

  it('weighs a datum by what was paid to others than the client', () => {
    const fees = (clients: Parameters<typeof fixtureExam>[1]) =>
      kept([seat('a', 100)], clients).data.map(({ feeMicro }) => feeMicro);
    expect(fees([accountOf('client 1'), accountOf('client 2')])).toEqual([1_000n, 500n]);
    // Who wins his own exam has paid the market alone.
    expect(fees([accountOf('owner of a'), accountOf('client 2')])).toEqual([100n, 500n]);
    expect(fees([accountOf('market owner'), accountOf('client 2')])).toEqual([900n, 500n]);
  });

  it('is read only where its products fit together', () => {
    const exam = kept([seat('a', 100), seat('b', 10)]);
    const broken = (change: object) => ({ ...exam, data: [{ ...exam.data[0]!, ...change }, exam.data[1]!] });
    const [products] = exam.data[0]!.products;
    for (const change of [
      { products: [products] },
      { products: [products, products!.slice(4)] },
      { products: [products!.slice(1), products!.slice(1)] },
      { own: 4 },
      { own: 0 },
    ])
      expect(keptExamSchema.safeParse(broken(change)).success).toBe(false);
    expect(keptExamSchema.safeParse(broken({ products: [products, null] })).success).toBe(true);
    expect(keptExamSchema.safeParse(broken({ products: [null, null], own: 0 })).success).toBe(true);
  });
});
