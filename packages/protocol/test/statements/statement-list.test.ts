import { hashOf, verifyBody } from '@market-of-experts/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  isInList,
  maximumStatements,
  shownStatementSchema,
  statementListDomain,
} from '../../src/statements/statement-list.ts';
import { textHashOf, textKeyCommitment } from '../../src/statements/version-hash.ts';
import { answerOf, expert, stated } from './statement-fixture.ts';

const answers = (count: number) =>
  Array.from({ length: count }, (_, index) => answerOf(`text ${index}`, [index, 1, 2, 3]));

test('every answer of a list of any length can be shown, at its own place only', () => {
  for (const count of [1, 2, 3, 5, 8, 13, 31, 33]) {
    const list = answers(count);
    for (let index = 0; index < count; index++) {
      const shown = stated(list, index);
      expect(shownStatementSchema.safeParse(shown).success).toBe(true);
      expect(isInList(shown)).toBe(true);
      expect(isInList({ ...shown, index: (index + 1) % count }), `${index} of ${count}`).toBe(count === 1);
    }
  }
  const longest = stated(answers(maximumStatements), maximumStatements - 1);
  expect(longest.path).toHaveLength(12);
  expect(isInList(longest)).toBe(true);
});

test('nothing else is in the list: no other text, vector, size, place or way', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, seed) => {
      const shown = stated(answers(count), seed % count);
      const { body } = shown.list;
      const stranger = hashOf('test/stranger', seed);
      const changed = [
        { ...shown, text: stranger },
        { ...shown, vector: answerOf('', [9, 9, 9, 9]).vector },
        { ...shown, index: count },
        { ...shown, index: shown.index + 2 ** 20 },
        { ...shown, path: [...shown.path, stranger] },
        { ...shown, list: { ...shown.list, body: { ...body, root: stranger } } },
        { ...shown, list: { ...shown.list, body: { ...body, size: 2 * count + 1 } } },
        ...shown.path.map((_, place) => ({ ...shown, path: shown.path.with(place, stranger) })),
        ...shown.path.map((_, place) => ({ ...shown, path: shown.path.toSpliced(place, 1) })),
      ];
      for (const other of changed) expect(isInList(other)).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test('an inner hash of the list is no answer in it', () => {
  const two = answers(2);
  const shown = stated(two);
  // Neither side of an inner pair can be given for a text and a vector: they are hashed under another domain.
  const inner = { ...shown, text: shown.path[0]!, path: [] };
  expect(isInList({ ...inner, list: { ...shown.list, body: { ...shown.list.body, size: 1 } } })).toBe(false);
});

test('the list is signed by its node, in its own domain', () => {
  const { list } = stated(answers(3), 1);
  const signed = { ...list, by: expert.publicKey };
  expect(verifyBody(statementListDomain, signed)).toBe(true);
  expect(verifyBody('moe/commit/1', signed)).toBe(false);
  expect(verifyBody(statementListDomain, { ...signed, body: { ...list.body, epoch: 4 } })).toBe(false);
});

test('vectors of no whole number of dimensions are no statements, whatever was signed', () => {
  for (const length of [0, 1, 7]) {
    const shown = stated([{ ...answers(1)[0]!, vector: new Uint8Array(length) }]);
    expect(isInList(shown)).toBe(false);
  }
  const shown = stated(answers(1));
  expect(shownStatementSchema.safeParse({ ...shown, vector: new Uint8Array(8_192) }).success).toBe(true);
  expect(shownStatementSchema.safeParse({ ...shown, vector: new Uint8Array(8_193) }).success).toBe(false);
});

test('the same text has the same hash for everybody under one key, and none in common under two', () => {
  const [key, other] = [hashOf('test/key', 1), hashOf('test/key', 2)];
  expect(textHashOf(key, 'a text')).toBe(textHashOf(key, 'a text'));
  expect(textHashOf(key, 'a text')).not.toBe(textHashOf(other, 'a text'));
  // Who knows the ledger has the commitment, which is no key.
  expect(textHashOf(textKeyCommitment(key), 'a text')).not.toBe(textHashOf(key, 'a text'));
});
