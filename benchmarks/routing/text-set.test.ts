import { maskText, wordsOf } from '@market-of-experts/protocol';
import { readCorpus, splitOf } from '@market-of-experts/training';
import { describe, expect, it } from 'vitest';
import { loadTextSet } from './text-set.ts';

const set = loadTextSet({ kinds: ['german', 'japanese', 'code'], perKind: 40, calibrationPieces: 64 });

describe('loadTextSet', () => {
  it('measures texts of documents that neither training, calibration nor history has', () => {
    const documents = (texts: readonly { readonly documentId: string }[]) =>
      new Set(texts.map(({ documentId }) => documentId));
    const measured = documents(set.measured);
    const trained = documents(readCorpus().filter((text) => splitOf(text) === 'train'));
    const calibration = new Set(set.calibration.map(({ document }) => document));
    for (const others of [trained, calibration, documents(set.history)])
      expect([...measured].filter((document) => others.has(document))).toEqual([]);
  });

  it('has texts of every kind on both sides, whose halves can be jobs of their own', () => {
    for (const texts of [set.history, set.measured]) {
      expect(new Set(texts.map(({ kind }) => kind))).toEqual(new Set(set.kinds));
      for (const { whole, start, rest } of texts) {
        expect(wordsOf(start).length + wordsOf(rest).length).toBe(wordsOf(whole).length);
        for (const half of [start, rest])
          expect(maskText(half, 'seed', { minimumWords: 12, pieces: 4, pieceWords: 12 })).toBeDefined();
      }
    }
  });
});
