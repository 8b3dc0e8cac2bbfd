/**
 * A text without what betrays where it was cut out or who wrote it: one case, no punctuation, one space between words. Numbers stay:
 * they tell nothing that the words do not. Empty for a text without letters and digits.
 */
export function plainText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}
