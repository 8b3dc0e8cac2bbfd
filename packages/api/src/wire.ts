import type { Amount } from '@market-of-experts/core/amount';
import { plainText } from '@market-of-experts/core/plain-text';
import { z } from 'zod';

/**
 * Amounts cross HTTP as decimal strings, since a JSON number loses digits above 2^53; their fields are named `…Micro`, and a
 * program has them as bigint. The one codec for them.
 */
export const micro = z
  .codec(z.string().regex(/^(0|-?[1-9]\d{0,29})$/), z.bigint(), {
    decode: (text): Amount => BigInt(text),
    encode: (amount) => amount.toString(),
  })
  .meta({ description: 'Micro-credits, a whole number; 1 credit is 1,000,000.' });

/** A text that may be anybody's. Who reads it has it on one line, with nothing that steers a terminal or hides. */
export function textLine(maxCharacters = 20_000): z.ZodString {
  return z
    .string()
    .max(maxCharacters)
    .overwrite((text) => plainText(text));
}

/** A value that a program of today does not know. */
export type Unheard = string & {};

/**
 * One of these values, or one that a later market has: who reads an answer takes the ones that it does not know, too. What
 * only tells one shape from another is not open, and neither is what a program sends.
 */
export function openEnum<const Value extends string>(
  values: readonly Value[],
): z.ZodType<Value | Unheard, Value> {
  return textLine(64).meta({ enum: values }) as unknown as z.ZodType<Value | Unheard, Value>;
}

export const count = z.int().min(0);
/** Milliseconds since 1970, UTC. */
export const timeMs = z.number().min(0);
/** Hundredths of a percent. */
export const bps = z.int().min(0).max(10_000);

/** What a program has of a shape: amounts are bigint. */
export type Told<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;
/** The shape as JSON has it: amounts are decimal strings. */
export type Wire<Schema extends z.ZodType> = DeepReadonly<z.input<Schema>>;

type DeepReadonly<T> = T extends string | number | bigint | boolean | null | undefined | Uint8Array
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
