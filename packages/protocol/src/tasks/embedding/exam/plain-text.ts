/**
 * A text without what betrays where it was cut out or who wrote it: one case, no punctuation, every number 0, one space between
 * words. Empty for a text without letters and digits.
 */
export function plainText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{N}+/gu, '0')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}
