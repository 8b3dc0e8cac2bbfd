import { mixVectors } from '@moe/protocol';
import type { EvaluationJob } from '../scoring/evaluation-set.ts';
import { reciprocalRanks } from './retrieval.ts';
import type { TextSet } from './text-set.ts';
import type { Mix, Yardstick } from './yardstick.ts';

/** A number for every text; undefined where there is none. */
export type PerText = readonly (number | undefined)[];

export interface Measured {
  /** Mean over kinds. */
  readonly loss: number;
  readonly retrieval: number;
  readonly lossByKind: readonly number[];
  readonly retrievalByKind: readonly number[];
}

/** Means by kind and over kinds, of one way to serve the texts. */
export function measured(set: TextSet, losses: PerText, ranks: PerText): Measured {
  const lossByKind = meansByKind(set, losses);
  const retrievalByKind = meansByKind(set, ranks);
  return { loss: mean(lossByKind), retrieval: mean(retrievalByKind), lossByKind, retrievalByKind };
}

export function meansByKind(set: TextSet, values: PerText): number[] {
  return set.kinds.map((kind) =>
    mean(
      values.filter(
        (value, index): value is number => value !== undefined && set.routed[index]!.kind === kind,
      ),
    ),
  );
}

/** Losses of what is delivered for the whole texts, judged on another cut of them. */
export function deliveredLosses(
  set: TextSet,
  ruler: Yardstick,
  mixOf: (job: EvaluationJob) => Mix | undefined,
): PerText {
  return set.routed.map(({ cuts }) => {
    const mix = mixOf(cuts[0]!);
    return mix === undefined ? undefined : ruler.lossOf(cuts[1]!, mix);
  });
}

/** Whether the start of a text, as delivered, finds its rest among the rests of all texts, as delivered. */
export function deliveredRanks(
  set: TextSet,
  vectors: readonly (readonly Float32Array[])[],
  mixOf: (job: EvaluationJob) => Mix | undefined,
): PerText {
  const deliver = (job: EvaluationJob): Float32Array | undefined => {
    const mix = mixOf(job);
    if (mix === undefined) return undefined;
    const parts = [...mix.keys()];
    return mixVectors(
      parts.map((expert) => vectors[expert]![job.full]!),
      parts.map((expert) => mix.get(expert)!),
    );
  };
  const rows = set.routed.map(({ start, rest }) => ({ query: deliver(start), stored: deliver(rest) }));
  const whole = rows.flatMap(({ query, stored }, row) =>
    query === undefined || stored === undefined ? [] : [{ row, query, stored }],
  );
  const ranks = reciprocalRanks(
    whole.map(({ query }) => query),
    whole.map(({ stored }) => stored),
  );
  const place = new Map(whole.map(({ row }, index) => [row, ranks[index]!]));
  return rows.map((_, row) => place.get(row));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
