import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Index, MetricKind, ScalarKind } from 'usearch';
import { progressBar } from '../scoring/progress.ts';
import { type GroundTruth, recallOf } from './ground-truth.ts';
import { dimensions } from './text-windows.ts';

export interface BareSettings {
  readonly connectivity: number;
  readonly expansionAdd: number;
  readonly expansionSearch: number;
}

/** The library without anything of ours around it. */
export function bareIndex({ connectivity, expansionAdd, expansionSearch }: BareSettings): Index {
  return new Index({
    dimensions,
    metric: MetricKind.Cos,
    quantization: ScalarKind.I8,
    connectivity,
    expansion_add: expansionAdd,
    expansion_search: expansionSearch,
    multi: false,
  });
}

export interface SweepRow {
  readonly name: string;
  readonly records: number;
  readonly p50Ms: number;
  readonly recallAt10: number;
  readonly bytesPerRecord: number;
  readonly openMs: number;
  readonly addsPerSecond: number | undefined;
}

const folder = join(import.meta.dirname, '../../.bench/history/sweep');
const widths = [32, 64, 128, 256];
const graphs = [
  { connectivity: 8, expansionAdd: 128 },
  { connectivity: 16, expansionAdd: 64 },
  { connectivity: 16, expansionAdd: 128 },
  { connectivity: 24, expansionAdd: 128 },
  { connectivity: 32, expansionAdd: 256 },
] as const;

/** What more links and wider searches cost and bring. Built indexes are kept under `.bench/history/sweep`. */
export function sweepIndexes(
  indexed: Int8Array,
  queries: readonly Int8Array[],
  truth: GroundTruth,
): SweepRow[] {
  const records = indexed.length / dimensions;
  return graphs.flatMap((graph) => {
    const { path, addsPerSecond } = builtIndex(indexed, graph);
    return widths.map((expansionSearch): SweepRow => {
      const index = bareIndex({ ...graph, expansionSearch });
      const startedMs = performance.now();
      index.load(path);
      const openMs = performance.now() - startedMs;
      const { p50Ms, recallAt10 } = measureBare(index, queries, truth);
      return {
        name: `links ${graph.connectivity}, add ${graph.expansionAdd}, search ${expansionSearch}`,
        records,
        p50Ms,
        recallAt10,
        bytesPerRecord: Math.round(statSync(path).size / records),
        openMs: Math.round(openMs),
        addsPerSecond,
      };
    });
  });
}

function measureBare(
  index: Index,
  queries: readonly Int8Array[],
  truth: GroundTruth,
): { readonly p50Ms: number; readonly recallAt10: number } {
  const floats = queries.map((query) => Float32Array.from(query));
  const timesMs: number[] = [];
  const found = floats.map((query) => {
    const startedMs = performance.now();
    const { keys } = index.search(query, 10, 1);
    timesMs.push(performance.now() - startedMs);
    return Array.from(keys, Number);
  });
  timesMs.sort((a, b) => a - b);
  return {
    p50Ms: Number(timesMs[Math.floor(timesMs.length / 2)]!.toFixed(3)),
    recallAt10: Number(recallOf(truth, found).toFixed(3)),
  };
}

function builtIndex(
  indexed: Int8Array,
  graph: Omit<BareSettings, 'expansionSearch'>,
): { readonly path: string; readonly addsPerSecond: number | undefined } {
  const records = indexed.length / dimensions;
  const name = `${graph.connectivity}-${graph.expansionAdd}-${records}.index`;
  const path = join(folder, name);
  if (existsSync(path)) return { path, addsPerSecond: undefined };
  mkdirSync(folder, { recursive: true });
  const index = bareIndex({ ...graph, expansionSearch: 1 });
  const tick = progressBar(`building ${name}`, records);
  const startedMs = performance.now();
  for (let key = 0; key < records; key += 1) {
    index.add(BigInt(key), indexed.subarray(key * dimensions, (key + 1) * dimensions), 1);
    if (key % 1_000 === 999) tick(1_000);
  }
  const addsPerSecond = Math.round((1_000 * records) / (performance.now() - startedMs));
  index.save(`${path}.tmp`);
  renameSync(`${path}.tmp`, path);
  return { path, addsPerSecond };
}
