import { expect, it } from 'vitest';
import type { Encoder } from './encoders.ts';
import type { EvaluationSet } from './evaluation-set.ts';
import { siblingRecall } from './recall.ts';

const documents = 10;
const paragraphs = 4;
/** Ten documents of four paragraphs. */
const set: EvaluationSet = {
  texts: [],
  calibration: [],
  jobs: Array.from({ length: documents * paragraphs }, (_, full) => ({
    kind: 'novel',
    documentId: String(Math.floor(full / paragraphs)),
    full,
    kept: full,
    pieces: [full],
  })),
};
const encoder = (vectorOf: (paragraph: number) => number[]): Encoder => ({
  name: 'test',
  group: 'variant',
  note: '',
  vectors: set.jobs.map((_, paragraph) => Float32Array.from(vectorOf(paragraph))),
});

it('is 1 when documents lie apart', () => {
  const apart = encoder((paragraph) =>
    Array.from({ length: documents }, (_, axis) => (axis === Math.floor(paragraph / paragraphs) ? 1 : 0)),
  );
  expect(siblingRecall(set, apart)).toBe(1);
});

it('is chance for a constant vector, whatever the order of the texts', () => {
  expect(
    siblingRecall(
      set,
      encoder(() => [1, 0]),
    ),
  ).toBeCloseTo(10 / (documents * paragraphs - 1));
});
