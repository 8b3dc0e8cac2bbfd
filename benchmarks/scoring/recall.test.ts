import { expect, it } from 'vitest';
import { siblingRecalls } from './recall.ts';

const documents = 10;
const paragraphs = 4;
/** Mean over ten documents of four paragraphs. */
const recallOf = (vectorOf: (document: number) => number[]): number => {
  const recalls = siblingRecalls(
    Array.from({ length: documents * paragraphs }, (_, paragraph) => {
      const document = Math.floor(paragraph / paragraphs);
      return { documentId: String(document), vector: Float32Array.from(vectorOf(document)) };
    }),
  );
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
};

it('is 1 when documents lie apart', () => {
  expect(
    recallOf((document) => Array.from({ length: documents }, (_, axis) => (axis === document ? 1 : 0))),
  ).toBe(1);
});

it('is chance for a constant vector, whatever the order of the texts', () => {
  expect(recallOf(() => [1, 0])).toBeCloseTo(10 / (documents * paragraphs - 1));
});
