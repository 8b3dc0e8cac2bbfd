import { cutText } from '@market-of-experts/core';

/** Longest beginning of a text that is kept. */
export const previewCharacters = 120;

/** The beginning of a text, as its owner's lists show it. */
export function previewOf(text: string): string {
  return cutText(text, previewCharacters);
}
