import { expect, test } from 'vitest';
import { fraction } from '../../src/scoring/fraction.ts';
import { type AuditedPair, auditOf, auditWindow } from '../../src/statements/audit.ts';

const pair = (oneList: number, twoLists: number): AuditedPair => ({
  oneList: fraction(oneList, 100),
  twoLists: fraction(twoLists, 100),
});
/** A window whose differences are `mean ± 20` hundredths by turns: z = mean·√319 / 20. */
const windowOf = (mean: number): AuditedPair[] =>
  Array.from({ length: auditWindow }, (_, index) => pair(40, 40 + mean + (index % 2 === 0 ? 20 : -20)));

test('one window above z = 3 makes suspected, two in a row inventing', () => {
  // 3·20/√319 = 3.36 hundredths.
  expect(auditOf(windowOf(3))).toBe('unsuspicious');
  expect(auditOf(windowOf(4))).toBe('suspected');
  expect(auditOf([...windowOf(4), ...windowOf(4)])).toBe('inventing');
  expect(auditOf([...windowOf(4), ...windowOf(3), ...windowOf(4)])).toBe('suspected');
  expect(auditOf([...windowOf(4), ...windowOf(4), ...windowOf(0)])).toBe('unsuspicious');
});

test('z = 3 itself is not above it', () => {
  // k differences of 1 and the rest 0: k²·319 > 9·(320·k − k²) from k = 9 on; at 8 it is 20,416 against 22,464.
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
  expect(auditOf([...windowOf(4), ...windowOf(-50).slice(1)])).toBe('suspected');
});

test('differences without any spread decide by their sign', () => {
  const even = (oneList: number, twoLists: number) =>
    Array.from({ length: auditWindow }, () => pair(oneList, twoLists));
  expect(auditOf(even(40, 40))).toBe('unsuspicious');
  expect(auditOf(even(40, 41))).toBe('suspected');
  expect(auditOf(even(41, 40))).toBe('unsuspicious');
});

test('losses below those of the other members count like all others', () => {
  const shifted = windowOf(4).map(({ oneList, twoLists }) => ({
    oneList: fraction(oneList.numerator - 90n, 100),
    twoLists: fraction(twoLists.numerator - 90n, 100),
  }));
  expect(auditOf(shifted)).toBe('suspected');
});

test('losses of other denominators are compared alike', () => {
  const odd = windowOf(4).map(({ oneList, twoLists }) => ({
    oneList: { numerator: oneList.numerator * 7n, denominator: oneList.denominator * 7n },
    twoLists,
  }));
  expect(auditOf(odd)).toBe('suspected');
});
