import { expect, it } from 'vitest';
import { paidAnswers } from '../../src/coordinator/paid-answers.ts';

const megabyte = { answer: new Uint8Array(1024 * 1024) };

it('hands each answer out once, the latest first, unless it is not wanted', () => {
  const paid = paidAnswers<{ readonly answer: Uint8Array; readonly name: string }>({ nowMs: () => 0 });
  for (const name of ['first', 'second']) paid.keep('text', { answer: new Uint8Array(4), name });
  expect(paid.take('text', ({ name }) => name === 'first')).toBeUndefined();
  expect(paid.take('text')?.name).toBe('second');
  expect(paid.has('text')).toBe(true);
  expect(paid.take('text')?.name).toBe('first');
  expect([paid.take('text'), paid.has('text'), paid.size]).toEqual([undefined, false, 0]);
});

it('keeps answers for ten minutes, and 32 MiB of them: the oldest go', () => {
  let nowMs = 0;
  const paid = paidAnswers<{ readonly answer: Uint8Array }>({ nowMs: () => nowMs });
  for (let index = 0; index < 200; index += 1) paid.keep(`text ${index}`, megabyte);
  expect(paid.size).toBe(31);
  expect([paid.has('text 168'), paid.has('text 169')]).toEqual([false, true]);
  nowMs = 599_999;
  expect(paid.has('text 199')).toBe(true);
  paid.keep('later', megabyte);
  nowMs = 600_000;
  expect([paid.has('text 199'), paid.has('later'), paid.size]).toEqual([false, true, 1]);
});
