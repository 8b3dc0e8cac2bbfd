import { reciprocalRanks } from '../texts/retrieval.ts';
import type { StoredText } from './edition-texts.ts';

/** What a client is given for a text that it stores, and for one that it asks with: two separate orders. */
export interface Delivery {
  readonly name: string;
  readonly encodesPerText: number;
  readonly dimensions: number;
  readonly stored: (text: string) => Float32Array;
  readonly asked: (text: string) => Float32Array;
}

/** Reciprocal ranks of each text's rest among the rests of all, asked for with its start and with eight words. */
export interface Ranked {
  readonly start: readonly number[];
  readonly short: readonly number[];
}

export function rank({ stored, asked }: Delivery, texts: readonly StoredText[]): Ranked {
  const rests = texts.map(({ rest }) => stored(rest));
  return {
    start: reciprocalRanks(
      texts.map(({ start }) => asked(start)),
      rests,
    ),
    short: reciprocalRanks(
      texts.map(({ short }) => asked(short)),
      rests,
    ),
  };
}

/** Mean over kinds of the means within them. */
export function meanOverKinds(texts: readonly StoredText[], values: readonly number[]): number {
  return mean([...kindsOf(texts)].map((kind) => meanOfKind(texts, values, kind)));
}

export function meanOfKind(texts: readonly StoredText[], values: readonly number[], kind: string): number {
  return mean(values.filter((_, index) => texts[index]!.kind === kind));
}

export const kindsOf = (texts: readonly StoredText[]): ReadonlySet<string> =>
  new Set(texts.map(({ kind }) => kind));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
