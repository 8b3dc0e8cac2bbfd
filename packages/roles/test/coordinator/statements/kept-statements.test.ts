import { type Hash, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import { isInList, statementRoot } from '@market-of-experts/protocol';
import { testVersion } from '@market-of-experts/testing/test-version';
import { expect, it } from 'vitest';
import { keptStatements } from '../../../src/coordinator/statements/kept-statements.ts';
import type { StatedList } from '../../../src/coordinator/statements/stated-list.ts';

const node = 'a'.repeat(64) as NodeId;
const { version, hash } = testVersion(node, 2);
const bytesOf = (...numbers: number[]): Uint8Array => new Uint8Array(Int16Array.from(numbers).buffer);
const list = (
  answers: readonly (readonly [string, Uint8Array])[],
  changes: { version?: Hash } = {},
): StatedList => {
  const stated = answers.map(([text, vector]) => ({ text: hashOf('test/text', text), vector }));
  return {
    body: {
      network: 'n',
      market: 'm' as MarketId,
      node,
      version: hash,
      epoch: 0,
      size: stated.length,
      root: statementRoot(stated),
      ...changes,
    },
    signature: new Uint8Array(64),
    version,
    answers: stated,
  };
};
const [here, there] = [bytesOf(20_000, 0), bytesOf(0, 20_000)];

it('finds two vectors of one text, in one list and in two, and shows both with their ways to the root', () => {
  const kept = keptStatements();
  expect(
    kept.take(
      list([
        ['a', here],
        ['b', here],
        ['c', there],
      ]),
      true,
    ),
  ).toBeUndefined();
  expect(kept.take(list([['b', here]]), true)).toBeUndefined();
  const found = kept.take(
    list([
      ['x', here],
      ['c', here],
    ]),
    true,
  )!;
  expect(found.mayBeShown).toBe(true);
  expect(found.statements.every(isInList)).toBe(true);
  expect(found.statements.map(({ vector }) => vector)).toEqual([there, here]);
  expect(
    kept.take(
      list([
        ['y', here],
        ['y', there],
      ]),
      true,
    ),
  ).toBeDefined();
  // What contradicts is not kept.
  expect(kept.take(list([['x', there]]), true)).toBeUndefined();
});

it('holds nothing against another version, and lets pass what the runtime allows', () => {
  const kept = keptStatements();
  kept.take(list([['a', here]]), true);
  expect(kept.take(list([['a', there]], { version: hashOf('test/version', 1) }), true)).toBeUndefined();
  expect(kept.take(list([['a', bytesOf(20_000, 60)]]), true)).toBeUndefined();
  expect(kept.take(list([['a', bytesOf(20_000, 300)]]), true)).toBeDefined();
});

it('shows nothing of which one half was a client’s own text, and keeps what can be shown', () => {
  const kept = keptStatements();
  kept.take(
    list([
      ['own', here],
      ['open', here],
    ]),
    false,
  );
  kept.take(list([['open', here]]), true);
  kept.take(list([['open', here]]), false);
  expect(kept.take(list([['own', there]]), true)).toMatchObject({ mayBeShown: false });
  expect(kept.take(list([['open', there]]), false)).toMatchObject({ mayBeShown: false });
  expect(kept.take(list([['open', there]]), true)).toMatchObject({ mayBeShown: true });
});

it('forgets the oldest lists of a kind beyond its bounds, and none of the other', () => {
  for (const limits of [
    { statements: 4, bytes: 1_000 },
    { statements: 1_000, bytes: 16 },
  ]) {
    const kept = keptStatements(limits);
    kept.take(list([['shown', here]]), true);
    for (let number = 0; number < 10; number++)
      kept.take(
        list([
          [`${number}`, here],
          [`${number}'`, here],
        ]),
        false,
      );
    expect(kept.take(list([['0', there]]), false)).toBeUndefined();
    expect(kept.take(list([['9', there]]), false)).toBeDefined();
    expect(kept.take(list([['shown', there]]), true)).toBeDefined();
  }
});
