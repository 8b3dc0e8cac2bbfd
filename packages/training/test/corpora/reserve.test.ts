import { readFileSync } from 'node:fs';
import { defaultExamParameters } from '@market-of-experts/protocol';
import { tooShortToCut } from '@market-of-experts/protocol/tasks/embedding/exam/cuts';
import { describe, expect, it } from 'vitest';
import { readCorpus, textKinds } from '../../src/corpora/corpus.ts';
import { leastPassageWords, passagesOf, unlikeTexts } from '../../src/corpora/passages.ts';
import { splitOf } from '../../src/corpora/split.ts';

const words = (count: number, word = 'word'): string =>
  Array.from({ length: count }, (_, index) => `${word}${index}`).join(' ');
const countOf = (text: string): number => text.split(/\s+/).length;

describe('passages', () => {
  it('are whole paragraphs that follow one another, 60 to 120 words where these allow it', () => {
    const paragraphs = [words(30, 'a'), words(40, 'b'), words(100, 'c'), words(30, 'd'), words(100, 'e')];
    expect(passagesOf(paragraphs)).toEqual([`${paragraphs[0]}\n${paragraphs[1]}`, ...paragraphs.slice(2)]);
  });

  it('are cut out of longer paragraphs, at a sentence where there is one', () => {
    const [first, ...others] = passagesOf([`${words(80, 'a')}. ${words(300, 'b')}`]);
    expect(first).toBe(`${words(80, 'a')}.`);
    expect(others.map(countOf)).toEqual([120, 120, 60]);
  });

  it('have 20 words or more; nothing comes of nothing', () => {
    expect(passagesOf([words(leastPassageWords - 1)])).toEqual([]);
    expect(passagesOf([words(leastPassageWords)])).toHaveLength(1);
    expect(passagesOf(['', ' ', '…'])).toEqual([]);
    expect(passagesOf([`${words(120)} ${words(19)}`])).toHaveLength(1);
  });

  it('are no near-duplicates of one another', () => {
    const unlike = unlikeTexts();
    expect(unlike.take(words(40, 'a'))).toBe(true);
    expect(unlike.take(words(40, 'b'))).toBe(true);
    expect(unlike.take(`${words(20, 'a')} ${words(20, 'c')}`)).toBe(false);
    expect(unlike.take(words(40, 'c'))).toBe(true);
  });
});

describe('the shipped reserve', () => {
  const lines = readFileSync(new URL('../../../history/data/reserve.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { kind: string; document: string; text: string });

  it('is of documents that nothing is trained or reported on, of every kind', () => {
    const splits = new Map(readCorpus().map((text) => [text.documentId, splitOf(text)]));
    expect(new Set(lines.map(({ document }) => splits.get(document)))).toEqual(new Set(['reserve']));
    expect(new Set(lines.map(({ kind }) => kind))).toEqual(new Set(textKinds));
    expect(lines.length).toBeGreaterThan(1_500);
  });

  it('can be cut by exams, and no two are alike', () => {
    const unlike = unlikeTexts();
    for (const { text } of lines) {
      expect(tooShortToCut(text, defaultExamParameters)).toBeUndefined();
      expect(unlike.take(text)).toBe(true);
    }
  });
});
