import { MoeError } from '@market-of-experts/core';

/** What a ranking function throws for input that it cannot rank. */
export function invalidInput(sentence: string): MoeError<'invalid-ranking-input'> {
  return new MoeError('invalid-ranking-input', sentence, { docs: 'reference/ranking' });
}

/** A caller's value for a sentence, bounded: it may be anything. */
export function nameOf(value: unknown): string {
  return String(value).slice(0, 40);
}
