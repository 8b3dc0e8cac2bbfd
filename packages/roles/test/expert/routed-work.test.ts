import { type AccountId, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import type { Roster, RoutedOrderBody, TallyBody } from '@market-of-experts/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RoutedWork, routedWork } from '../../src/expert/routed-work.ts';

const roster = { experts: [{ askMicroPerKilobyte: 1_024n, stakeMicro: 1n }] } as unknown as Roster;
const coordinator = hashOf('routed-work', 'coordinator') as string as NodeId;
const signature = new Uint8Array(65);
const accountOf = (index: number): AccountId => `0x${index.toString(16).padStart(40, '0')}` as AccountId;
const order = (client: number, clientSeq = 0, maxFeeMicro = 1_000_000n): RoutedOrderBody => ({
  network: 'test',
  market: 'text-embedding' as MarketId,
  client: accountOf(client),
  clientSeq,
  coordinator,
  worker: hashOf('routed-work', 'worker') as string as NodeId,
  roster: hashOf('routed-work', 'roster'),
  maxFeeMicro,
  deadlineMs: 60_000,
});
const tally = (of: RoutedOrderBody, requests: number, feeMicro = BigInt(10 * requests)): TallyBody =>
  ({ client: of.client, clientSeq: of.clientSeq, requests, bytes: 10 * requests, feeMicro }) as TallyBody;
const texts = (count: number): string[] => Array.from({ length: count }, () => 'ten bytes.');

let nowMs: number;
let work: RoutedWork;
beforeEach(() => {
  nowMs = 0;
  work = routedWork({ nowMs: () => nowMs });
});
const serve = (of: RoutedOrderBody, count: number): void => {
  work.open(of, signature, roster);
  work.assertCovered(of, texts(count), 10_000_000n);
  work.record(of, texts(count));
};
const laterMs = 61_000;

describe('work for clients that do not tally', () => {
  it('is lent once, and no more however many orders they sign; others are served as before', () => {
    let served = 0;
    for (let round = 0; round < 20; round += 1) {
      try {
        serve(order(1, round), 128);
        served += 128;
      } catch (error) {
        expect(String(error)).toMatch(/never tallied/);
      }
      nowMs += laterMs;
    }
    expect(served).toBe(3 * 128);
    serve(order(2), 128);
  });

  it('nor is it lent to a gateway that tallies one text of many', () => {
    let served = 0;
    for (let round = 0; round < 50; round += 1)
      try {
        serve(order(1, round), 100);
        served += 100;
        work.settle(coordinator, tally(order(1, round), 1));
      } catch (error) {
        expect(String(error)).toMatch(/never tallied/);
      }
    expect(served).toBeLessThan(400);
  });

  it('is forgiven after hours, and never held against who loses a few texts on the way', () => {
    for (let round = 0; round < 200; round += 1) {
      serve(order(1, round), 100);
      work.settle(coordinator, tally(order(1, round), 90));
    }
    serve(order(2), 500);
    nowMs += laterMs;
    expect(() => serve(order(2, 1), 1)).toThrow(/never tallied/);
    nowMs += 2 * 3_600_000;
    serve(order(2, 2), 1);
  });
});

describe('the table of open orders', () => {
  it('is not filled for good by strangers: places are free again when their orders’ time is over', () => {
    let opened = 0;
    for (let client = 0; opened < 8_192; client += 1)
      for (let seq = 0; seq < 64; seq += 1, opened += 1) work.open(order(client, seq), signature, roster);
    expect(() => serve(order(9_999), 1)).toThrow(/Too many orders/);
    nowMs += laterMs;
    serve(order(9_999), 1);
  });

  it('has so many places for each client, and gives them back with each tally', () => {
    for (let seq = 0; seq < 64; seq += 1) serve(order(1, seq), 1);
    expect(() => serve(order(1, 64), 1)).toThrow(/Too many orders/);
    work.settle(coordinator, tally(order(1, 0), 1));
    serve(order(1, 64), 1);
    serve(order(2), 1);
  });
});

it('a client’s open work is never worth more than its orders allow, nor than it has locked', () => {
  serve(order(1, 0, 100n), 10);
  expect(() => work.assertCovered(order(1, 0, 100n), texts(1), 10_000n)).toThrow(
    /more than the order allows/,
  );
  work.open(order(1, 1), signature, roster);
  expect(() => work.assertCovered(order(1, 1), texts(11), 200n)).toThrow(/less money locked/);
  work.assertCovered(order(1, 1), texts(10), 200n);
});

it('a tally pays the price, or the share of it that the expert has in the editions that name it', () => {
  serve(order(1), 100);
  expect(() => work.settle(coordinator, tally(order(1), 100, 899n))).toThrow(/pays less/);
  work.settle(coordinator, tally(order(1), 100, 900n));
  const withShare = (seq: number, millionths: number): RoutedOrderBody => {
    work.open(order(1, seq), signature, roster, millionths);
    work.record(order(1, seq), texts(100));
    return order(1, seq);
  };
  // 100 texts for 500 at least, less a tenth and a micro-credit a text.
  expect(() => work.settle(coordinator, tally(withShare(1, 500_000), 100, 349n))).toThrow(/pays less/);
  work.settle(coordinator, tally(order(1, 1), 100, 350n));
  work.settle(coordinator, tally(withShare(2, 0), 100, 0n));
});
