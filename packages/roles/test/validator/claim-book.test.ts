import { type AccountId, hashOf, type JobId, type NodeId } from '@market-of-experts/core';
import { memoryDisk } from '@market-of-experts/testing/memory-disk';
import { beforeEach, expect, it } from 'vitest';
import { type CertifiedJob, type ClaimBook, claimBook } from '../../src/validator/claim-book.ts';

const [alice, bob, carol] = ['a', 'b', 'c'].map((digit) => `0x${digit.repeat(40)}` as AccountId) as [
  AccountId,
  AccountId,
  AccountId,
];
const gateway = 'd'.repeat(64) as NodeId;
type Number = readonly [AccountId, number];

/** As far as a book reads it. */
function certified(job: number, ...numbers: readonly Number[]): CertifiedJob {
  const orders = numbers.map(([client, clientSeq]) => ({
    body: { client, clientSeq, coordinator: gateway },
  }));
  return {
    opening: { orders, roster: hashOf('test/roster', 0), tickets: [] },
    certificate: { body: { job: hashOf('test/job', job) as string as JobId }, signatures: [] },
  } as unknown as CertifiedJob;
}

let next: Map<AccountId, number>;
let disk: ReturnType<typeof memoryDisk>;
let book: ClaimBook;
const open = (): ClaimBook =>
  claimBook({
    clock: { steadyMs: () => 0 },
    store: disk.claimStore,
    isOpen: ({ client, clientSeq }) => clientSeq >= (next.get(client) ?? 0),
  });
const settle = (client: AccountId, upTo: number): void => {
  next.set(client, upTo);
  book.settled(client, upTo);
};
const held = (): Number[] => book.all().map(({ client, clientSeq }) => [client, clientSeq]);
beforeEach(() => {
  next = new Map();
  disk = memoryDisk();
  book = open();
});

it('holds a certificate for each of its numbers, and knows which datum each is', async () => {
  await book.keep(certified(1, [alice, 4], [bob, 0], [carol, 7]));
  expect(held()).toEqual([
    [alice, 4],
    [bob, 0],
    [carol, 7],
  ]);
  expect(book.of(carol, 7)).toMatchObject({ datum: 2 });
  expect(book.of(carol, 6)).toBeUndefined();
});

it('keeps it on disk until the last of its numbers is settled', async () => {
  await book.keep(certified(1, [alice, 4], [bob, 0]));
  settle(alice, 5);
  expect(held()).toEqual([[bob, 0]]);
  book = open();
  expect(held()).toEqual([[bob, 0]]);
  expect(book.of(bob, 0)).toMatchObject({ datum: 1 });
  settle(bob, 1);
  expect(disk.claimStore.load()).toEqual([]);
});

it('takes in a certificate of which some numbers are settled already, and none of which all are', async () => {
  next.set(alice, 5);
  await book.keep(certified(1, [alice, 4], [bob, 0]));
  expect(held()).toEqual([[bob, 0]]);
  await book.keep(certified(2, [alice, 3]));
  expect(disk.claimStore.load()).toHaveLength(1);
});

it('keeps one certificate of a job, whatever another says of its numbers', async () => {
  await book.keep(certified(1, [alice, 4]));
  await book.keep(certified(1, [alice, 4], [bob, 0]));
  expect(held()).toEqual([[alice, 4]]);
  expect(disk.claimStore.load()).toHaveLength(1);
});

it('lets the first certificate of a number stand, and keeps another for the numbers that it has besides', async () => {
  await book.keep(certified(1, [alice, 4]));
  await book.keep(certified(2, [alice, 4], [bob, 0]));
  expect(book.of(alice, 4)!.certificate.body.job).toBe(hashOf('test/job', 1));
  expect(book.of(bob, 0)).toMatchObject({ datum: 1 });
  settle(alice, 5);
  expect(disk.claimStore.load()).toHaveLength(1);
});

it('drops, at the start, what was settled meanwhile', async () => {
  await book.keep(certified(1, [alice, 4], [bob, 0]));
  next = new Map([
    [alice, 5],
    [bob, 1],
  ]);
  expect(open().all()).toEqual([]);
  expect(disk.claimStore.load()).toEqual([]);
});
