import { int8Direction, type MarketParameters, quantise } from '@market-of-experts/protocol';
import type { PositionsOf } from '@market-of-experts/roles/coordinator/stages/shard-run';
import { wordEncode } from './encoders.ts';
import { textAbout } from './text-about.ts';

/** A reserve that is always there: texts about what no test's text is about. */
export const reserveTexts: readonly string[] = Array.from({ length: 24 }, (_, index) =>
  textAbout(900_000 + index),
);

/** Where texts lie by a base encoder that knows words. */
export function basePositions(
  texts: readonly string[],
  { dimensions }: Pick<MarketParameters, 'dimensions'>,
): readonly Uint8Array[] {
  const encode = wordEncode(dimensions, 'base', 0);
  return texts.map((text) => int8Direction(Int32Array.from(quantise(encode(text)))));
}

export function positionsOf(parameters: Pick<MarketParameters, 'dimensions'>): PositionsOf {
  return async (texts) => basePositions(texts, parameters);
}
