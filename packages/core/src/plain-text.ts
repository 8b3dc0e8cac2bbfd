import { z } from 'zod';

/**
 * Commands to a terminal, as Node's `stripVTControlCharacters` knows them; written out, since pages in a browser read texts of
 * strangers, too.
 */
const terminalCommands = new RegExp(
  '(?:\\u001B\\][\\s\\S]*?(?:\\u0007|\\u001B\\u005C|\\u009C))|' +
    '[\\u001B\\u009B][[\\]()#;?]*(?:\\d{1,4}(?:[;:]\\d{0,4})*)?[\\dA-PR-TZcf-nq-uy=><~]',
  'g',
);

/**
 * What a terminal, a page or a log must not act on, and what nobody sees: control characters, line breaks, marks that reorder
 * text, joiners and other characters without width, halves of surrogate pairs, what no Unicode version has given a meaning.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u{e0000}-\u{e0fff}]/gu;
/** Blanks that are not the blank; and what looks like one. */
const blanks = /[\p{Zs}\u2800]/gu;

/** Text of a stranger on one line, at most `maxCharacters` (UTF-16 units) long, with nothing that steers or hides. */
export function plainText(text: string, maxCharacters = Number.POSITIVE_INFINITY): string {
  const plain = text.replace(terminalCommands, '').replace(unseen, ' ').replace(blanks, ' ');
  return cutText(plain, maxCharacters);
}

/** The first `maxCharacters` UTF-16 units of a text, one less where the cut would part a surrogate pair. */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const cut = text.slice(0, maxCharacters);
  return cut.isWellFormed() || !text.isWellFormed() ? cut : cut.slice(0, -1);
}

/** A sentence of a stranger, e.g. a reason: as {@link plainText} gives it. */
export function sentenceSchema(maxCharacters: number): z.ZodString {
  return z
    .string()
    .max(maxCharacters)
    .refine((text) => plainText(text) === text, 'must be one line of visible characters');
}
