/** What shows in a text without understanding it: a number for each of some features. */
export type ShallowFeatures = (text: string) => number[];

const shares: readonly RegExp[] = [
  /\p{N}/gu,
  /\p{Lu}/gu,
  /[.,;:]/gu,
  /[(){}[\]=<>/*]/gu,
  /["'“”„«»]/gu,
  /[^\0-\x7f]/gu,
  /\n/gu,
  /[äöüß]/giu,
  /[éèàç]/giu,
  /[ñáíó¿]/giu,
  /\p{Script=Cyrillic}/gu,
  /\p{Script=Hiragana}/gu,
];

/**
 * Sixteen: length; shares of digits, capitals, stops, brackets, quotes, characters beyond ASCII, line ends, German, French and Spanish
 * letters, Cyrillic, Hiragana; mean word; begins small; ends with a stop.
 */
export const sixteenFeatures: ShallowFeatures = (text) => {
  const words = wordsOf(text);
  return [
    Math.log(text.length || 1),
    ...shares.map((pattern) => shareOf(text, pattern)),
    words.reduce((sum, word) => sum + word.length, 0) / (words.length || 1),
    /^\p{Ll}/u.test(text) ? 1 : 0,
    /[.!?。]$/u.test(text) ? 1 : 0,
  ];
};

/** And five that are nearer to what a text is about: vowels (Latin words among others), Katakana, longest, short and repeated words. */
export const moreFeatures: ShallowFeatures = (text) => {
  const words = wordsOf(text);
  const count = words.length || 1;
  return [
    ...sixteenFeatures(text),
    shareOf(text, /[aeiou]/giu),
    shareOf(text, /\p{Script=Katakana}/gu),
    Math.log(1 + words.reduce((longest, word) => Math.max(longest, word.length), 0)),
    words.filter((word) => word.length <= 3).length / count,
    1 - new Set(words).size / count,
  ];
};

function wordsOf(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}

function shareOf(text: string, pattern: RegExp): number {
  return (text.match(pattern) ?? []).length / (text.length || 1);
}
