const wordSegmenter = new Intl.Segmenter('en', { granularity: 'word' });
const sentenceSegmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
const cjk = /[\u3040-\u30ff\u3400-\u9fff]/u;
const minimumWords = 26;
const maximumWords = 72;

export function countWords(text: string): number {
  let count = 0;
  for (const segment of wordSegmenter.segment(text)) if (segment.isWordLike) count++;
  return count;
}

/**
 * Texts of 26 to about 72 words, in order: long paragraphs are cut at sentences, short ones joined with their
 * neighbours. (Intl.Segmenter finds Japanese words too, so one rule serves all languages.)
 */
export function joinAndCut(paragraphs: readonly string[]): string[] {
  const texts: string[] = [];
  let text = '';
  let words = 0;
  const flush = (): void => {
    if (words >= minimumWords) texts.push(text);
    text = '';
    words = 0;
  };
  for (const paragraph of paragraphs) {
    const clean = paragraph.replace(/\s+/gu, ' ').trim();
    for (const { segment } of sentenceSegmenter.segment(clean)) {
      const sentence = segment.trim();
      const length = countWords(sentence);
      if (length === 0 || length > maximumWords) continue;
      if (words + length > maximumWords) flush();
      text +=
        text === '' || cjk.test(text.at(-1) ?? '') || /[。）」]$/u.test(text) ? sentence : ` ${sentence}`;
      words += length;
    }
    if (words >= minimumWords) flush();
  }
  flush();
  return texts;
}

const script: Readonly<Record<string, RegExp>> = {
  japanese: /[\u3040-\u30ff\u3400-\u9fff]/gu,
  russian: /[\u0400-\u04ff]/gu,
};
/** Frequent little words that English does not share. */
const littleWords: Readonly<Record<string, RegExp>> = {
  german:
    /\b(der|die|das|und|ist|nicht|ein|eine|einen|wird|werden|mit|für|auf|von|zu|den|dem|des|sich|wenn|oder|kann|Sie|im)\b/gu,
  french:
    /\b(le|la|les|des|une|est|que|qui|dans|pour|pas|sur|avec|vous|du|au|ne|ou|par|cette|sont|être|et|de|un)\b/gu,
  spanish: /\b(el|la|los|las|una|es|que|en|para|por|con|del|se|como|su|está|son|puede|no|y|de|un|al)\b/gu,
};

/** Whether a paragraph is mostly in the language, and not left in English by its translators. */
export function isIn(language: string, text: string): boolean {
  const letters = script[language];
  if (letters !== undefined) return (text.match(letters)?.length ?? 0) > text.length * 0.4;
  const little = littleWords[language];
  if (little === undefined) return true;
  const words = countWords(text);
  const english =
    text.match(/\b(the|and|of|to|is|with|will|this|that|be|or|are|an|it|from)\b/gu)?.length ?? 0;
  const own = text.match(little)?.length ?? 0;
  return own >= words * 0.14 && english <= words * 0.05;
}

/** Keeps `limit` items, evenly spread over the list, in order. */
export function thin<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  return Array.from({ length: limit }, (_, index) => items[Math.floor((index * items.length) / limit)]!);
}
