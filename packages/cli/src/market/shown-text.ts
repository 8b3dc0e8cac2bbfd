import { plainText } from '@market-of-experts/core';
import { z } from 'zod';

/** A text in an answer of a market, which may be anybody's: on one line, with nothing that steers a terminal, from here on. */
export function shownText(maxCharacters = 20_000) {
  return z
    .string()
    .max(maxCharacters)
    .transform((text) => plainText(text));
}
