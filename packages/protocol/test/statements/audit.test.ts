import { expect, test } from 'vitest';
import { fraction } from '../../src/scoring/fraction.ts';
import { type AuditedPair, auditOf, auditWindow } from '../../src/statements/audit.ts';

const pair = (oneList: number, twoLists: number): AuditedPair => ({
  oneList: fraction(oneList, 100),
  twoLists: fraction(twoLists, 100),
});
/** A window whose differences are `mean ± 20` hundredths by turns: z = mean·√79 / 20. */
const windowOf = (mean: number): AuditedPair[] =>
  Array.from({ length: auditWindow }, (_, index) => pair(40, 40 + mean + (index % 2 === 0 ? 20 : -20)));

test('one window above z = 3 makes suspected, two in a row inventing', () => {
  // 3·20/√79 = 6.75 hundredths.
  expect(auditOf(windowOf(6))).toBe('unsuspicious');
  expect(auditOf(windowOf(7))).toBe('suspected');
  expect(auditOf([...windowOf(7), ...windowOf(7)])).toBe('inventing');
  expect(auditOf([...windowOf(7), ...windowOf(6), ...windowOf(7)])).toBe('suspected');
  expect(auditOf([...windowOf(7), ...windowOf(7), ...windowOf(0)])).toBe('unsuspicious');
});

test('z = 3 itself is not above it', () => {
  // 79 differences of 0 and one of 1: S² · 79 = 79, 9 · (80 · 1 − 1) = 711. Then nine of 1 in eighty: 81·79 > 9·(720 − 81).
  const ones = (count: number) =>
    Array.from({ length: auditWindow }, (_, index) => pair(0, index < count ? 1 : 0));
  expect(auditOf(ones(1))).toBe('unsuspicious');
  expect(auditOf(ones(8))).toBe('unsuspicious');
  expect(auditOf(ones(9))).toBe('suspected');
});

test('no window is judged before it is full, and higher losses in one list are nobody’s fault', () => {
  expect(auditOf([])).toBe('unsuspicious');
  expect(auditOf(windowOf(50).slice(1))).toBe('unsuspicious');
  expect(auditOf(windowOf(-50))).toBe('unsuspicious');
  expect(auditOf([...windowOf(7), ...windowOf(-50).slice(1)])).toBe('suspected');
});

test('differences without any spread decide by their sign', () => {
  const even = (oneList: number, twoLists: number) =>
    Array.from({ length: auditWindow }, () => pair(oneList, twoLists));
  expect(auditOf(even(40, 40))).toBe('unsuspicious');
  expect(auditOf(even(40, 41))).toBe('suspected');
  expect(auditOf(even(41, 40))).toBe('unsuspicious');
});

test('losses of other denominators are compared alike', () => {
  const odd = windowOf(7).map(({ oneList, twoLists }) => ({
    oneList: { numerator: oneList.numerator * 7n, denominator: oneList.denominator * 7n },
    twoLists,
  }));
  expect(auditOf(odd)).toBe('suspected');
});
