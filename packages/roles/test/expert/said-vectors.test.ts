import { hashOf } from '@market-of-experts/core';
import { expect, it } from 'vitest';
import { saidVectors } from '../../src/expert/said-vectors.ts';

const text = (number: number) => hashOf('test/text', number);

it('says what it said first, in bytes of its own', () => {
  const said = saidVectors();
  const batch = new Uint8Array([1, 2, 3, 4]);
  expect(said.keep(text(0), batch.subarray(0, 2))).toEqual(new Uint8Array([1, 2]));
  batch.fill(9);
  expect(said.keep(text(0), new Uint8Array([7, 7]))).toEqual(new Uint8Array([1, 2]));
  expect(said.get(text(0))!.buffer.byteLength).toBe(2);
});

it('forgets what was not asked for the longest, by count and by bytes', () => {
  for (const limits of [
    { texts: 3, bytes: 1_000 },
    { texts: 1_000, bytes: 6 },
  ]) {
    const said = saidVectors(limits);
    for (const number of [0, 1, 2]) said.keep(text(number), new Uint8Array(2));
    said.get(text(0));
    said.keep(text(3), new Uint8Array(2));
    expect([0, 1, 2, 3].map((number) => said.get(text(number)) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  }
});
