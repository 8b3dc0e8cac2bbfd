import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskText, wordsOf } from '../../../src/tasks/embedding/mask.ts';

const limits = { minimumWords: 12, pieces: 4, pieceWords: 12 };
const bare = (text: string): string => text.replace(/\s+/gu, '');
/** Lone surrogates too: they come in with JSON. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400, size: 'max' }),
  fc.string({ unit: 'grapheme', maxLength: 300, size: 'max' }),
  fc.string({
    unit: fc.constantFrom(...'日本語の文章には空白がない。漢字とかなカナ混じり、東京都へ行きました'),
    maxLength: 300,
  }),
  fc.string({
    unit: fc.constantFrom(
      'a ',
      'Wort ',
      '👩‍👩‍👧‍👦 ',
      "can't ",
      '3.14 ',
      '\n',
      'ก',
      '한국 ',
      '\uFEFF',
      '\ud800',
    ),
    maxLength: 300,
  }),
  fc.array(fc.lorem({ maxCount: 8 }), { maxLength: 40, size: 'max' }).map((words) => words.join(' ')),
);

describe('masking a text', () => {
  it('puts every word into exactly one half, in order, 1 to 4 pieces, both halves not empty', () => {
    let masked = 0;
    fc.assert(
      fc.property(anyText, fc.string(), (text, seed) => {
        const words = wordsOf(text);
        const cut = maskText(text, seed, limits);
        expect(cut === undefined).toBe(words.length < limits.minimumWords);
        if (cut === undefined) return;
        masked += 1;
        expect(cut.kept).not.toBe('');
        expect(cut.pieces.length).toBeGreaterThanOrEqual(1);
        expect(cut.pieces.length).toBeLessThanOrEqual(4);
        expect(cut.pieces).not.toContain('');
        expect(maskText(text, seed, limits)).toEqual(cut);
        // Nothing is lost, nothing is twice: the halves are what an interleaving of the words gives.
        expect(isInterleaving(words.map(bare), bare(cut.kept), bare(cut.pieces.join('')))).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(masked).toBeGreaterThan(50);
  });

  it('words and what is between them make the whole text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const words = wordsOf(text);
        if (words.length > 0) expect(words.join('')).toBe(text);
      }),
    );
  });

  it('keeps about half, over many seeds', () => {
    const words = Array.from({ length: 200 }, (_, index) => `word${index}`);
    let kept = 0;
    for (let seed = 0; seed < 400; seed += 1)
      kept += wordsOf(maskText(words.join(' '), `${seed}`, limits)!.kept).length;
    expect(kept / (400 * 200)).toBeGreaterThan(0.45);
    expect(kept / (400 * 200)).toBeLessThan(0.55);
  });

  it('cuts texts of every length from the shortest, with any number of pieces', () => {
    for (let count = 12; count < 80; count += 1)
      for (let seed = 0; seed < 20; seed += 1)
        for (const pieces of [1, 2, 3, 4]) {
          const text = Array.from({ length: count }, (_, index) => `w${index}`).join(' ');
          const cut = maskText(text, `${seed}`, { minimumWords: 12, pieces, pieceWords: 1 })!;
          expect(cut.pieces.length).toBeLessThanOrEqual(pieces);
          expect(wordsOf(cut.kept).length + wordsOf(cut.pieces.join(' ')).length).toBe(count);
          expect(cut.pieces.every((piece) => wordsOf(piece).length >= 1)).toBe(true);
        }
  });

  it('survives the wire: a text with lone surrogates is cut like the text that arrives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300, size: 'max' }), (text) => {
        const arrived = Buffer.from(text, 'utf8').toString('utf8');
        const sent = maskText(text, 'seed', limits);
        const cut = maskText(arrived, 'seed', limits);
        expect(sent && Buffer.from(sent.kept)).toEqual(cut && Buffer.from(cut.kept));
      }),
    );
  });

  it('makes pieces about as long as calibration pieces, fewer of them from shorter texts', () => {
    const counts = [14, 30, 60, 200].map((length) => {
      const words = Array.from({ length }, (_, index) => `w${index}`).join(' ');
      const { pieces } = maskText(words, 'seed', limits)!;
      const mean = pieces.reduce((sum, piece) => sum + wordsOf(piece).length, 0) / pieces.length;
      if (pieces.length > 1) expect(mean).toBeGreaterThanOrEqual(8);
      return pieces.length;
    });
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts[0]).toBe(1);
    expect(counts.at(-1)).toBe(4);
  });

  it.each([
    ['one long word', 'x'.repeat(500_000)],
    ['punctuation only', '.,;! '.repeat(100_000)],
    ['many words', 'wort '.repeat(100_000)],
    ['no spaces', '東京都に行きました。'.repeat(5_000)],
    ['one word and a long tail', `a${'.'.repeat(500_000)}`],
  ])('takes %s without ado', (_, text) => {
    const cut = maskText(text, 'seed', limits);
    expect(
      cut === undefined || bare(cut.kept).length + bare(cut.pieces.join('')).length === bare(text).length,
    ).toBe(true);
  });
});

/** Whether `words` can be dealt, in order, to two hands that read `a` and `b`. */
function isInterleaving(words: readonly string[], a: string, b: string): boolean {
  let states = new Set(['0']);
  let length = 0;
  for (const word of words) {
    const next = new Set<string>();
    for (const state of states) {
      const inA = Number(state);
      const inB = length - inA;
      if (a.startsWith(word, inA)) next.add(`${inA + word.length}`);
      if (b.startsWith(word, inB)) next.add(`${inA}`);
    }
    states = next;
    length += word.length;
  }
  return length === a.length + b.length && states.has(`${a.length}`);
}
