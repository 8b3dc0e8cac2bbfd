import type { NodeId } from '@market-of-experts/core';
import type { CertificateBody } from '@market-of-experts/protocol';
import { expect, it } from 'vitest';
import { faultBook } from '../../src/calling/fault-book.ts';

const [self, friend] = ['self', 'friend'] as NodeId[];
const job = (place: number, slashMicro: bigint, worker = self): Pick<CertificateBody, 'members' | 'place'> =>
  ({ place, members: [{ principal: self, worker, losses: [[1, 2]], slashMicro }] }) as never;

it('learns where its own work is at fault, and a little for elsewhere', () => {
  const book = faultBook(self!);
  const before = book.rate(1);
  for (let count = 0; count < 20; count += 1) book.observe(job(1, 10n));
  for (let count = 0; count < 60; count += 1) book.observe(job(2, 0n));
  expect(book.rate(1)).toBeGreaterThan(0.8);
  expect(book.rate(2)).toBeLessThan(0.05);
  expect(book.rate(3)).toBeGreaterThan(before);
  expect(book.rate(3)).toBeLessThan(book.rate(1));
});

it('does not count what a friend did, or a job in which nobody was scored', () => {
  const book = faultBook(self!);
  const before = book.rate(1);
  book.observe(job(1, 10n, friend));
  book.observe({
    place: 1,
    members: [{ principal: self, worker: self, losses: [null], slashMicro: 0n }],
  } as never);
  book.observe({ place: 1, members: [] });
  expect(book.rate(1)).toBe(before);
});
