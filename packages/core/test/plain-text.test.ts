import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../src/codec.ts';
import { displayNameSchema, distinctNames, skeletonOf } from '../src/display-name.ts';
import { cutText, plainText, sentenceSchema } from '../src/plain-text.ts';

describe('plain text', () => {
  it.each([
    ['a line', 'one\n12:00:01  ★ good 0.01', 'one 12:00:01  ★ good 0.01'],
    ['colour and cursor', 'a\u001b[2J\u001b[31mred\u009b1A', 'ared'],
    ['marks of direction', 'a\u202eb\u2066c\u200fd', 'a b c d'],
    ['no width', 'ad\u200bmin\u2060\ufeff', 'ad min  '],
    ['other blanks', 'a\u00a0b\u3000c\u2800', 'a b c '],
    ['half a pair', 'a\ud800', 'a '],
  ])('is without %s', (_, text, plain) => {
    expect(plainText(text)).toBe(plain);
    expect(sentenceSchema(200).safeParse(text).success).toBe(plain === text);
    expect(sentenceSchema(200).safeParse(plain).success).toBe(true);
  });

  it('can be encoded wherever it is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, length) => {
        const cut = plainText(text, length);
        expect(cut.length).toBeLessThanOrEqual(length);
        expect(decode(encode(cut), sentenceSchema(40))).toBe(cut);
      }),
    );
    expect(cutText('ab😀', 3)).toBe('ab');
  });
});

describe('names', () => {
  it.each([
    'minilm-l6',
    'my worker',
    'v1',
    'Größe',
    '専門家',
    'カタカナー',
    '전문가',
    'спец-1',
    'हिन्दी',
    'x',
    'BGE.v1.5_en',
  ])('can be %s', (name) => {
    expect(displayNameSchema.safeParse(name).success).toBe(true);
  });

  it.each([
    ['a line of the log', 'good 0.01 · bad'],
    ['a loss', 'minilm 0.05'],
    ['the winner', '★ minilm'],
    ['an arrow', 'minilm → friend'],
    ['brackets', '(minilm)'],
    ['a hash of ours', 'minilm#3f9c3f9c'],
    ['blanks around', ' minilm'],
    ['two blanks', 'mini  lm'],
    ['a blank without break', 'mini\u00a0lm'],
    ['a joiner', 'mini\u200dlm'],
    ['an escape', '\u001b[2Jminilm'],
    ['a line break', 'minilm\nok'],
    ['two scripts', 'minilm-ⅼ6'],
    ['a Cyrillic letter among Latin ones', 'm\u0456nilm'],
    ['a full-width letter', '\uff4dinilm'],
    ['a mathematical letter', '𝐦inilm'],
    ['a mark on top', 'm\u0301inilm'],
    ['an id', '3f9c3f9c'],
    ['digits only', '12'],
    ['nothing', ''],
    ['too much', 'x'.repeat(65)],
  ])('cannot be %s', (_, name) => {
    expect(displayNameSchema.safeParse(name).success).toBe(false);
  });

  it('that look alike are told apart by what none can hold', () => {
    for (const other of ['MiniLM-L6', 'minilm l6', 'miniIm-l6', 'rninilm-l6', 'minilm_16', 'mínilm-l6'])
      expect(skeletonOf(other)).toBe(skeletonOf('minilm-l6'));
    expect(skeletonOf('сосо')).toBe(skeletonOf('coco'));
    expect(skeletonOf('minilm-l6')).not.toBe(skeletonOf('minilm-l3'));
    const shown = distinctNames([
      ['aaaaaaaa11', 'minilm-l6'],
      ['bbbbbbbb22', 'minilm-I6'],
      ['cccccccc33', 'lexical'],
    ]);
    expect([...shown.values()]).toEqual(['minilm-l6#aaaaaaaa', 'minilm-I6#bbbbbbbb', 'lexical']);
  });
});
