import { drawStream } from '@market-of-experts/protocol';
import { expect, it } from 'vitest';
import { moreFeatures, sixteenFeatures } from './shallow-features.ts';
import { type ShallowCase, shallowLosses } from './shallow-predictor.ts';

const words = [
  'harbour',
  'river',
  'meadow',
  'captain',
  'quay',
  'cattle',
  'field',
  'vessel',
  'anchor',
  'tide',
];
const phrase = (number: number): string => {
  const stream = drawStream('phrase', String(number));
  return Array.from({ length: 8 }, () => words[stream.below(words.length)]!).join(' ');
};
const cases = (dress: (text: string, document: number) => string): ShallowCase[] =>
  Array.from({ length: 40 }, (_, document) => ({
    kept: dress(phrase(document), document),
    own: [dress(phrase(document + 100), document)],
    others: Array.from({ length: 8 }, (__, index) =>
      dress(phrase(1_000 * (document + 1) + index), document + index + 1),
    ),
    document,
  }));
const meanLoss = (dressed: ShallowCase[]): number => {
  const losses = shallowLosses(dressed, sixteenFeatures);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
};

it('finds what shows: documents in capitals, with digits, with stops', () => {
  const shown = meanLoss(
    cases((text, document) =>
      document % 3 === 0
        ? text.toUpperCase()
        : document % 3 === 1
          ? `${text} 1234`
          : `${text}.`.replaceAll(' ', '; '),
    ),
  );
  // A third of the others look alike: half of those pairs are lost.
  expect(shown).toBeLessThan(0.25);
});

it('is left with chance where nothing shows', () => {
  expect(Math.abs(meanLoss(cases((text) => text)) - 0.5)).toBeLessThan(0.1);
});

it('has sixteen features, and five more', () => {
  for (const text of ['', 'One text.', '日本語カタカナ', '\ud800']) {
    expect(sixteenFeatures(text)).toHaveLength(16);
    expect(moreFeatures(text)).toHaveLength(21);
    expect(moreFeatures(text).every(Number.isFinite)).toBe(true);
  }
});
