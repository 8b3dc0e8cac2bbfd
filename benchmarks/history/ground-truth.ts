import { exactSearch, MetricKind } from 'usearch';
import { progressBar } from '../scoring/progress.ts';
import { Stopwatch } from './stopwatch.ts';
import { dimensions } from './text-windows.ts';

/** Keys of the ten nearest of each query, by comparing it with everything; and how long that takes. */
export interface GroundTruth {
  readonly nearest: readonly ReadonlySet<number>[];
  readonly times: Stopwatch;
}

export function groundTruth(indexed: Int8Array, queries: readonly Int8Array[]): GroundTruth {
  // The library reads from the beginning of the array's memory.
  const whole = indexed.byteOffset === 0 ? indexed : indexed.slice();
  const tick = progressBar('exact scan', queries.length);
  const times = new Stopwatch();
  const nearest = queries.map((query) => {
    const { keys } = times.time(() => exactSearch(whole, query.slice(), dimensions, 10, MetricKind.Cos, 1));
    tick(1);
    return new Set(Array.from(keys, Number));
  });
  return { nearest, times };
}

/** Share of the ten nearest that were found. */
export function recallOf(truth: GroundTruth, found: readonly (readonly number[])[]): number {
  const hits = found.reduce(
    (sum, keys, query) => sum + keys.filter((key) => truth.nearest[query]!.has(key)).length,
    0,
  );
  return hits / (10 * found.length);
}
