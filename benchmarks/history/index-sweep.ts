import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type AnnIndex, type UsearchSettings, usearchIndexKind } from '@market-of-experts/history';
import { Index, MetricKind, ScalarKind } from 'usearch';
import { progressBar } from '../scoring/progress.ts';
import { type GroundTruth, recallOf } from './ground-truth.ts';
import { Stopwatch } from './stopwatch.ts';
import { dimensions } from './text-windows.ts';

interface BareSettings extends UsearchSettings {
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
  readonly cpuMs: number;
  readonly recallAt10: number;
  readonly bytesPerRecord: number;
  /** In processor time. */
  readonly addsPerSecond: number | undefined;
}

const folder = join(import.meta.dirname, '../../.bench/history/sweep');
const widths = [64, 96, 128, 192, 256, 512];
const graphs: readonly UsearchSettings[] = [
  { connectivity: 16, expansionAdd: 128 },
  { connectivity: 24, expansionAdd: 128 },
  { connectivity: 32, expansionAdd: 128 },
  { connectivity: 16, expansionAdd: 256 },
  { connectivity: 32, expansionAdd: 256 },
  { connectivity: 48, expansionAdd: 256 },
];

/**
 * What more links and wider searches cost and bring, by our adapter of the library: the share of the ten nearest that
 * are among so many candidates, which an exact ranking of them keeps. Built indexes are kept under
 * `.bench/history/sweep`.
 */
export function sweepIndexes(
  indexed: Int8Array,
  queries: readonly Int8Array[],
  truth: GroundTruth,
): SweepRow[] {
  return graphs.flatMap((graph) => {
    const { index, path, addsPerSecond } = builtIndex(indexed, graph);
    return sweepWidths(index, { path, graph, addsPerSecond }, queries, truth);
  });
}

/** The same for an index that is there already. */
export function sweepFile(
  path: string,
  graph: UsearchSettings,
  queries: readonly Int8Array[],
  truth: GroundTruth,
): SweepRow[] {
  const index = usearchIndexKind(graph).open(path, dimensions);
  return sweepWidths(index, { path, graph, addsPerSecond: undefined }, queries, truth);
}

function sweepWidths(
  index: AnnIndex,
  about: {
    readonly path: string;
    readonly graph: UsearchSettings;
    readonly addsPerSecond: number | undefined;
  },
  queries: readonly Int8Array[],
  truth: GroundTruth,
): SweepRow[] {
  const { path, graph, addsPerSecond } = about;
  const records = index.size;
  return widths.map((width): SweepRow => {
    const times = new Stopwatch();
    const found = queries.map((query) => {
      const floats = Float32Array.from(query);
      return times.time(() => index.search(floats, width));
    });
    const { p50Ms, cpuMs } = times.figures();
    return {
      name: `links ${graph.connectivity}, add ${graph.expansionAdd}, candidates ${width}`,
      records,
      p50Ms,
      cpuMs,
      recallAt10: Number(recallOf(truth, found).toFixed(3)),
      bytesPerRecord: Math.round(statSync(path).size / records),
      addsPerSecond,
    };
  });
}

function builtIndex(
  indexed: Int8Array,
  graph: UsearchSettings,
): { readonly index: AnnIndex; readonly path: string; readonly addsPerSecond: number | undefined } {
  const records = indexed.length / dimensions;
  const kind = usearchIndexKind(graph);
  const path = join(folder, `${kind.name}-${records}.index`);
  if (existsSync(path)) return { index: kind.open(path, dimensions), path, addsPerSecond: undefined };
  mkdirSync(folder, { recursive: true });
  const index = kind.create(dimensions);
  const tick = progressBar(`building ${kind.name}`, records);
  const before = process.cpuUsage();
  for (let key = 0; key < records; key += 1) {
    index.add(key, indexed.subarray(key * dimensions, (key + 1) * dimensions));
    if (key % 1_000 === 999) tick(1_000);
  }
  const { user, system } = process.cpuUsage(before);
  index.save(`${path}.tmp`);
  renameSync(`${path}.tmp`, path);
  return { index, path, addsPerSecond: Math.round((1e6 * records) / (user + system)) };
}
