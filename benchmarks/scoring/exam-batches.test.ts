import { defaultExamParameters } from '@market-of-experts/protocol';
import { expect, it } from 'vitest';
import { batchesOfNearest, batchesOfQueue, isOfKind, type Likeness } from './exam-batches.ts';
import { casesOf } from './exam-losses.ts';
import { cutAll, type ExamSet } from './exam-set.ts';

const syllables = ['ba', 'ke', 'mi', 'no', 'ru', 'sa', 'te', 'vi', 'wo', 'zu'];
const word = (number: number): string =>
  [...String(1_000 + number)].map((digit) => syllables[Number(digit)]!).join('');
/** Thirty words that no other number has. */
const text = (number: number): string =>
  Array.from({ length: 30 }, (_, index) => word(30 * number + index)).join(' ');
const uncut = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    kind: index % 2 === 0 ? 'even' : 'odd',
    documentId: `${first + index}`,
    text: text(first + index),
  }));
const set: ExamSet = {
  texts: cutAll(uncut(0, 60), 'test', defaultExamParameters),
  reserve: cutAll(uncut(100, 80), 'test', defaultExamParameters),
};
const byNumber: Likeness = (left, right) => -Math.abs(Number(left.documentId) - Number(right.documentId));

it('examines every text once, whatever the queue, with as many wrong answers', () => {
  for (const batches of [
    batchesOfNearest(set, [byNumber], isOfKind),
    batchesOfQueue(set, [byNumber], 27, 'queue'),
    batchesOfQueue(set, [byNumber], 5, 'queue'),
  ]) {
    expect(new Set(batches.map((batch) => batch.text)).size).toBe(set.texts.length);
    expect(batches).toHaveLength(set.texts.length);
    for (const { text: own, mates, further } of batches) {
      expect(mates).toHaveLength(defaultExamParameters.batchTexts - 1);
      expect(further).toHaveLength(defaultExamParameters.reserveTexts);
      for (const other of [...mates, ...further]) expect(other.kind).toBe(own.kind);
      expect(new Set([own, ...mates, ...further].map(({ documentId }) => documentId)).size).toBe(
        1 + mates.length + further.length,
      );
    }
  }
});

it('embeds more for each text where the queue is short, since the reserve fills up', () => {
  const encodes = (waiting: number): number =>
    batchesOfQueue(set, [byNumber], waiting, 'queue').reduce((sum, batch) => sum + batch.encodes, 0);
  expect(encodes(5)).toBeGreaterThan(encodes(50));
});

it('takes no near-duplicate for a wrong answer', () => {
  const twice = cutAll(
    [...uncut(0, 20), { kind: 'even', documentId: 'copy', text: `${text(0)} and no more` }],
    'test',
    defaultExamParameters,
  );
  const cases = casesOf(batchesOfNearest({ texts: twice, reserve: [] }, [() => 0], () => true));
  const copied = twice.at(-1)!.cut.pieces;
  const original = cases.find(({ batch }) => batch.text.documentId === '0')!;
  for (const piece of copied) expect(original.others).not.toContain(piece);
});
