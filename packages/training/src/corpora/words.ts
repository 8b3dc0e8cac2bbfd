const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

/** Words with whatever follows them up to the next word; text before the first word belongs to it. */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let before = '';
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (isWordLike) {
      words.push(before + segment);
      before = '';
    } else if (words.length === 0) before += segment;
    else words[words.length - 1] += segment;
  }
  return words;
}
