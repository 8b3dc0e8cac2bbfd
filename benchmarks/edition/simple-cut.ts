import { drawStream, wordsOf } from '@market-of-experts/protocol';

/** A text cut for an exam: what is kept, and one or two hidden pieces. */
export interface SimpleCut {
  readonly kept: string;
  readonly pieces: readonly string[];
}

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const shortestSentence = 25;
const runWords = 6;
const spanWords = 8;

/**
 * Every other sentence against those between them, or a span of eight words against what is around it; which of the two, and where,
 * the seed says.
 */
export function simpleCut(text: string, seed: string): SimpleCut {
  const stream = drawStream(seed, 'cut');
  return stream.below(2) === 0 ? alternation(text, stream.below(2)) : span(text, stream.below(2 ** 16));
}

function alternation(text: string, first: number): SimpleCut {
  const units = unitsOf(text);
  const kept = units.filter((_, index) => index % 2 === first);
  const hidden = units.filter((_, index) => index % 2 !== first);
  const middle = Math.ceil(hidden.length / 2);
  const pieces = hidden.length < 2 ? [hidden] : [hidden.slice(0, middle), hidden.slice(middle)];
  return { kept: kept.join(' '), pieces: pieces.map((piece) => piece.join(' ')) };
}

function span(text: string, place: number): SimpleCut {
  const words = wordsOf(text);
  const start = Math.floor((place * (words.length - spanWords)) / 2 ** 16);
  const around = [...words.slice(0, start), ...words.slice(start + spanWords)].join('').trim();
  return {
    kept: words
      .slice(start, start + spanWords)
      .join('')
      .trim(),
    pieces: [around],
  };
}

/** Sentences of some length; runs of words where there are fewer than four. */
function unitsOf(text: string): readonly string[] {
  const units: string[] = [];
  for (const { segment } of sentences.segment(text)) {
    const sentence = segment.trim();
    if (sentence === '') continue;
    if (units.length > 0 && sentence.length < shortestSentence) units[units.length - 1] += ` ${sentence}`;
    else units.push(sentence);
  }
  if (units.length >= 4) return units;
  const words = wordsOf(text);
  const count = Math.max(4, Math.round(words.length / runWords));
  return Array.from({ length: count }, (_, run) =>
    words
      .slice(Math.floor((run * words.length) / count), Math.floor(((run + 1) * words.length) / count))
      .join('')
      .trim(),
  );
}
