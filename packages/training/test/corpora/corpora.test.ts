import { describe, expect, it } from 'vitest';
import { type CorpusText, readCorpus, textKinds } from '../../src/corpora/corpus.ts';
import { evaluationParagraphs } from '../../src/corpora/evaluation-paragraphs.ts';
import { sampleKinds, sampleTexts } from '../../src/corpora/samples.ts';
import { splitOf } from '../../src/corpora/split.ts';
import { wordsOf } from '../../src/corpora/words.ts';

const corpus = readCorpus();

describe('corpora', () => {
  it('are the same whenever they are read', () => {
    expect(readCorpus()).toEqual(corpus);
  });

  it('have training, held-out and reserve texts of every kind but the novel, which is not trained on', () => {
    for (const kind of textKinds) {
      const splits = new Set(corpus.filter((text) => text.kind === kind).map(splitOf));
      expect([...splits].sort()).toEqual(
        kind === 'novel' ? ['held-out', 'reserve'] : ['held-out', 'reserve', 'train'],
      );
    }
  });

  it('have at least 700 training texts for every trained language and code', () => {
    for (const kind of ['german', 'japanese', 'russian', 'french', 'spanish', 'code'] as const)
      expect(corpus.filter((text) => text.kind === kind && splitOf(text) === 'train').length).toBeGreaterThan(
        700,
      );
  });

  it('keep every document, its translations, and every package of code on one side', () => {
    const sides = (key: (text: CorpusText) => string): number[] =>
      [...Map.groupBy(corpus, key).values()].map((texts) => new Set(texts.map(splitOf)).size);
    expect(Math.max(...sides(({ documentId }) => documentId))).toBe(1);
    expect(Math.max(...sides(({ group }) => group))).toBe(1);
    expect(
      new Set(corpus.filter(({ kind }) => kind === 'code').map(({ group }) => group)).size,
    ).toBeGreaterThan(15);
  });
});

describe('samples', () => {
  it('are eight texts of 25 to 80 words of every kind, in no corpus', () => {
    const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
    const known = new Set(corpus.map(({ text }) => text));
    for (const kind of sampleKinds) {
      const texts = sampleTexts(kind);
      expect(texts).toHaveLength(8);
      for (const { text } of texts) {
        const words = [...segmenter.segment(text)].filter(({ isWordLike }) => isWordLike).length;
        expect(words).toBeGreaterThanOrEqual(25);
        expect(words).toBeLessThanOrEqual(81);
        expect(known.has(text)).toBe(false);
      }
    }
    expect(sampleTexts()).toHaveLength(8 * sampleKinds.length);
  });
});

describe('evaluation paragraphs', () => {
  it('are at least 1,000 held-out ones of several kinds, four or more a document', () => {
    const paragraphs = evaluationParagraphs();
    expect(paragraphs.length).toBeGreaterThanOrEqual(1000);
    const kinds = new Set(paragraphs.map(({ kind }) => kind));
    for (const kind of ['novel', 'speeches', 'software', 'geography', 'german', 'japanese'] as const)
      expect(kinds.has(kind)).toBe(true);
    const heldOut = new Set(corpus.filter((text) => splitOf(text) === 'held-out').map(({ text }) => text));
    expect(paragraphs.every(({ text }) => heldOut.has(text))).toBe(true);
    for (const texts of Map.groupBy(paragraphs, ({ documentId }) => documentId).values())
      expect(texts.length).toBeGreaterThanOrEqual(4);
  });

  it('obey the limit, keep whole documents and can be narrowed to kinds', () => {
    const few = evaluationParagraphs({ limit: 50, kinds: ['novel', 'speeches'] });
    expect(few.length).toBeLessThanOrEqual(50);
    expect(few.length).toBeGreaterThan(40);
    expect(new Set(few.map(({ kind }) => kind))).toEqual(new Set(['novel', 'speeches']));
    for (const texts of Map.groupBy(few, ({ documentId }) => documentId).values())
      expect(texts.length).toBeGreaterThanOrEqual(4);
  });
});

describe('wordsOf', () => {
  it('has every word with what follows it, and what is before the first', () => {
    expect(wordsOf('“Well, then.” 3.14 don’t')).toEqual(['“Well, ', 'then.” ', '3.14 ', 'don’t']);
    expect(wordsOf('東京都へ行きました。').length).toBeGreaterThan(2);
    expect(wordsOf('…')).toEqual([]);
    for (const { text } of corpus.slice(0, 200)) expect(wordsOf(text).join('')).toBe(text);
  });
});
