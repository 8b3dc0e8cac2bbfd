import type { NodeId } from '@market-of-experts/core';
import { expect, it } from 'vitest';
import { callBook } from '../../src/calling/call-book.ts';

const friend = 'friend' as NodeId;

it('learns who is free, and forgets what was long ago', () => {
  const calls = callBook();
  const before = calls.free(friend);
  for (let call = 0; call < 40; call += 1) calls.note(friend, false, 0);
  const taken = calls.free(friend);
  for (let call = 0; call < 40; call += 1) calls.note(friend, true, 10);
  expect(taken).toBeLessThan(before / 2);
  expect(calls.free(friend)).toBeGreaterThan(0.8);
  expect(calls.free('stranger' as NodeId)).toBe(before);
});

it('waits a few times as long as a friend usually takes, within limits', () => {
  const calls = callBook();
  expect(calls.patienceMs(friend, 2_000)).toBe(1_000);
  for (let call = 0; call < 40; call += 1) calls.note(friend, true, 10);
  expect(calls.patienceMs(friend, 2_000)).toBe(250);
  for (let call = 0; call < 40; call += 1) calls.note(friend, true, 5_000);
  expect(calls.patienceMs(friend, 2_000)).toBe(2_000);
  expect(calls.patienceMs(friend, 100)).toBe(100);
});

it('remembers a bounded number of friends', () => {
  const calls = callBook();
  for (let call = 0; call < 40; call += 1) calls.note(friend, false, 0);
  for (let other = 0; other < 5_000; other += 1) calls.note(`other-${other}` as NodeId, true, 1);
  expect(calls.free(friend)).toBe(0.75);
});
