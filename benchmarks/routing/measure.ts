import { mixVectors } from '@market-of-experts/protocol';
import { reciprocalRanks } from './retrieval.ts';
import type { TextSet } from './text-set.ts';
import type { VectorStore } from './vector-store.ts';
import type { Mix, Yardstick } from './yardstick.ts';

/** What was delivered for the measured text of this number, or for its start or rest. */
export type Delivered = (text: number, part: 'whole' | 'start' | 'rest') => Mix | undefined;

export interface Measured {
  /** Means over kinds. */
  readonly loss: number;
  readonly retrieval: number;
  readonly lossByKind: readonly number[];
  readonly retrievalByKind: readonly number[];
}

/**
 * Loss of what is delivered for the whole texts, and whether the start of a text finds its rest among the rests of
 * all texts of all kinds (mean reciprocal rank). Texts for which nothing was delivered are left out.
 */
export function measure(set: TextSet, store: VectorStore, ruler: Yardstick, delivered: Delivered): Measured {
  const vectorOf = (index: number, part: 'start' | 'rest'): Float32Array | undefined => {
    const mix = delivered(index, part);
    if (mix === undefined) return undefined;
    const parts = [...mix.keys()];
    const text = set.measured[index]![part];
    return mixVectors(
      parts.map((expert) => store.vectorOf(expert, text)),
      parts.map((expert) => mix.get(expert)!),
    );
  };
  const pairs = set.measured.flatMap((_, index) => {
    const query = vectorOf(index, 'start');
    const stored = vectorOf(index, 'rest');
    return query === undefined || stored === undefined ? [] : [{ index, query, stored }];
  });
  const ranks: (number | undefined)[] = set.measured.map(() => undefined);
  for (const [pair, rank] of reciprocalRanks(
    pairs.map(({ query }) => query),
    pairs.map(({ stored }) => stored),
  ).entries())
    ranks[pairs[pair]!.index] = rank;
  return means(meansByKind(set, lossesOf(set, ruler, delivered)), meansByKind(set, ranks));
}

/** Mean over kinds of the loss of what is delivered for the whole texts. */
export function meanLoss(set: TextSet, ruler: Yardstick, delivered: Delivered): number {
  return mean(meansByKind(set, lossesOf(set, ruler, delivered)));
}

function lossesOf(set: TextSet, ruler: Yardstick, delivered: Delivered): (number | undefined)[] {
  return set.measured.map((text, index) => {
    const mix = delivered(index, 'whole');
    return mix === undefined ? undefined : ruler.lossOf(text, mix);
  });
}

export function means(lossByKind: readonly number[], retrievalByKind: readonly number[]): Measured {
  return { loss: mean(lossByKind), retrieval: mean(retrievalByKind), lossByKind, retrievalByKind };
}

function meansByKind(set: TextSet, values: readonly (number | undefined)[]): number[] {
  return set.kinds.map((kind) =>
    mean(
      values.filter(
        (value, index): value is number => value !== undefined && set.measured[index]!.kind === kind,
      ),
    ),
  );
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
