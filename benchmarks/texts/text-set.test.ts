import { readCorpus, splitOf, wordsOf } from '@market-of-experts/training';
import { describe, expect, it } from 'vitest';
import { loadTextSet } from './text-set.ts';

const set = loadTextSet({ kinds: ['german', 'japanese', 'code'], perKind: 40 });

describe('loadTextSet', () => {
  it('measures texts of documents that neither training nor history has', () => {
    const documents = (texts: readonly { readonly documentId: string }[]) =>
      new Set(texts.map(({ documentId }) => documentId));
    const measured = documents(set.measured);
    const trained = documents(readCorpus().filter((text) => splitOf(text) === 'train'));
    for (const others of [trained, documents(set.history)])
      expect([...measured].filter((document) => others.has(document))).toEqual([]);
  });

  it('has texts of every kind on both sides, in two halves', () => {
    for (const texts of [set.history, set.measured]) {
      expect(new Set(texts.map(({ kind }) => kind))).toEqual(new Set(set.kinds));
      for (const { whole, start, rest } of texts) {
        expect(wordsOf(start).length + wordsOf(rest).length).toBe(wordsOf(whole).length);
      }
    }
  });
});
