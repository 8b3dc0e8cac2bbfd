import { expect, test } from 'vitest';
import { drawStream } from '../../src/random/stream.ts';
import { fraction } from '../../src/scoring/fraction.ts';
import {
  type AuditedPair,
  type AuditSums,
  addAuditedPair,
  isBetterInExams,
  leastAuditedPairs,
  noAuditedPairs,
} from '../../src/statements/audit.ts';

const pair = (inExam: number, inService: number): AuditedPair => ({
  inExam: fraction(inExam, 100),
  inService: fraction(inService, 100),
});
const sumsOf = (pairs: readonly AuditedPair[]): AuditSums => pairs.reduce(addAuditedPair, noAuditedPairs);
/** Pairs whose differences are `mean ± 20` hundredths by turns: z = mean·√(n − 1) / 20. */
const pairsOf = (mean: number, count: number): AuditedPair[] =>
  Array.from({ length: count }, (_, index) => pair(40, 40 + mean + (index % 2 === 0 ? 20 : -20)));

test('more than four standard errors tell, over all pairs', () => {
  // 4·20/√319 = 4.48 hundredths.
  expect(isBetterInExams(sumsOf(pairsOf(4, 320)))).toBe(false);
  expect(isBetterInExams(sumsOf(pairsOf(5, 320)))).toBe(true);
  // Many small windows that each say nothing say something together: 4·20/√1279 = 2.24.
  expect(isBetterInExams(sumsOf(pairsOf(2, 1_280)))).toBe(false);
  expect(isBetterInExams(sumsOf(pairsOf(3, 1_280)))).toBe(true);
});

test('z = 4 itself is not above it', () => {
  // k differences of 1 and the rest 0, of 65: k²·64 > 16·(65·k − k²), so from k = 14 on; at 13 both are 10,816.
  const ones = (count: number) =>
    sumsOf(Array.from({ length: 65 }, (_, index) => pair(0, index < count ? 1 : 0)));
  expect(isBetterInExams(ones(13))).toBe(false);
  expect(isBetterInExams(ones(14))).toBe(true);
});

test('few pairs say nothing, and higher losses in exams are nobody’s fault', () => {
  expect(isBetterInExams(noAuditedPairs)).toBe(false);
  expect(isBetterInExams(sumsOf(pairsOf(50, leastAuditedPairs - 1)))).toBe(false);
  expect(isBetterInExams(sumsOf(pairsOf(50, leastAuditedPairs)))).toBe(true);
  expect(isBetterInExams(sumsOf(pairsOf(-50, 320)))).toBe(false);
});

test('differences without any spread decide by their sign', () => {
  const even = (inExam: number, inService: number) =>
    sumsOf(Array.from({ length: 64 }, () => pair(inExam, inService)));
  expect(isBetterInExams(even(40, 40))).toBe(false);
  expect(isBetterInExams(even(40, 41))).toBe(true);
  expect(isBetterInExams(even(41, 40))).toBe(false);
});

test('losses below the others’ and of other denominators are compared alike', () => {
  const shifted = pairsOf(5, 320).map(({ inExam, inService }) => ({
    inExam: { numerator: (inExam.numerator - 90n) * 7n, denominator: 700n },
    inService: fraction(inService.numerator - 90n, 100),
  }));
  expect(sumsOf(shifted)).toEqual(sumsOf(pairsOf(5, 320)));
});

/** Losses of texts with this mean, in thousandths; each the mean of two numbers between 0 and twice that. */
const losses = (seed: string) => {
  const stream = drawStream(seed, 'audit-test');
  return (thousandths: number): number => {
    const hard = stream.below(2 * thousandths + 1);
    return Math.round((hard + stream.below(2 * thousandths + 1)) / 2);
  };
};
const play = (seed: string, inExam: number, inService: number, most: number): number | undefined => {
  const lossOf = losses(seed);
  let sums = noAuditedPairs;
  for (let count = 1; count <= most; count += 1) {
    sums = addAuditedPair(sums, {
      inExam: fraction(lossOf(inExam), 1_000),
      inService: fraction(lossOf(inService), 1_000),
    });
    if (isBetterInExams(sums)) return count;
  }
  return undefined;
};

test('looked at after each of 100,000 pairs, an honest expert is not accused', () => {
  for (const seed of ['a', 'b', 'c']) expect(play(seed, 224, 224, 100_000)).toBeUndefined();
});

test('a liar that gains .045 in exams is found', () => {
  for (const seed of ['a', 'b', 'c']) expect(play(seed, 179, 224, 3_000)).toBeDefined();
});
