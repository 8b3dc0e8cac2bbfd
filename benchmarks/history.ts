/**
 * `npm run bench -- history [--records 1000000] [--sweep] [--posterior]`: the ten nearest of so many certified jobs (real texts'
 * vectors), by the history, by the library used bare on the same index, and by comparing with everything; memory, and
 * the time to open. `--sweep` prints what other settings of the index cost and bring, `--posterior`
 * how well beliefs from the nearest records foretell real experts' losses. The first run encodes the texts and builds
 * the index (minutes); both are kept under `.bench/history`.
 */
import { readdirSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { type History, posterior } from '@moe/history';
import { type GroundTruth, groundTruth, recallOf } from './history/ground-truth.ts';
import { bareIndex, type SweepRow, sweepIndexes } from './history/index-sweep.ts';
import { builtHistory, openBuilt } from './history/market-history.ts';
import { type PosteriorQuality, posteriorQuality } from './history/posterior-quality.ts';
import { dimensions, windowVectors } from './history/text-windows.ts';
import { optionOf } from './scoring/options.ts';

interface Row {
  readonly name: string;
  readonly records: number;
  readonly p50Ms: number;
  readonly recallAt10: number;
  readonly bytesPerRecord: number;
  readonly openMs: number;
}

const settings = { connectivity: 16, expansionAdd: 128 };
const candidates = 128;
const queryCount = 500;
const openings = 3;
const bars = { p50Ms: 1, recallAt10: 0.95, openMs: 2_000 };

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const records = Number(optionOf(args, '--records') ?? 1_000_000);
  if (!Number.isInteger(records) || records < 1_000 || records > 1_000_000)
    throw new Error('--records takes a whole number from 1000 to 1000000, for example --records 100000.');
  const { indexed, queries: all } = await windowVectors(records, queryCount);
  const queries = Array.from({ length: queryCount }, (_, index) =>
    all.slice(index * dimensions, (index + 1) * dimensions),
  );
  const { directory, appendsPerSecond } = builtHistory(indexed, records, settings);
  const truth = groundTruth(indexed, queries);
  const { rows, posteriorP50Ms } = measure(directory, records, queries, truth);
  const sweep = args.includes('--sweep') ? sweepIndexes(indexed, queries, truth) : [];
  const quality = args.includes('--posterior') ? await posteriorQuality() : [];
  if (!json) print({ rows, posteriorP50Ms, appendsPerSecond, sweep, quality });
  return { rows, posteriorP50Ms, appendsPerSecond, sweep, quality, load: loadavg()[0] };
}

function measure(
  directory: string,
  records: number,
  queries: readonly Int8Array[],
  truth: GroundTruth,
): { readonly rows: readonly Row[]; readonly posteriorP50Ms: number } {
  const openTimes: number[] = [];
  let history: History | undefined;
  for (let opening = 0; opening < openings; opening += 1) {
    history?.close();
    const startedMs = performance.now();
    history = openBuilt(directory, settings);
    openTimes.push(performance.now() - startedMs);
  }
  const file = indexFile(directory);
  const bare = bareIndex({ ...settings, expansionSearch: candidates });
  const startedMs = performance.now();
  bare.load(file);
  const bareOpenMs = performance.now() - startedMs;

  const keyOf = (atMs: number): number => atMs / 1_000;
  const bareTimes: number[] = [];
  const historyTimes: number[] = [];
  const posteriorTimes: number[] = [];
  const bareFound: number[][] = [];
  const historyFound: number[][] = [];
  const workers = history!.workers().slice(0, 20);
  // Twice: the first round warms up. One query of each in turn, so that both meet the same disturbances.
  for (const isMeasured of [false, true])
    for (const query of queries) {
      const floats = Float32Array.from(query);
      const start = performance.now();
      const { keys } = bare.search(floats, 10, 1);
      const between = performance.now();
      const near = history!.nearest(query, 10);
      const end = performance.now();
      posterior(history!, query, workers, { nowMs: records * 1_000 });
      if (!isMeasured) continue;
      posteriorTimes.push(performance.now() - end);
      bareTimes.push(between - start);
      historyTimes.push(end - between);
      bareFound.push(Array.from(keys, Number));
      historyFound.push(near.map(({ record }) => keyOf(record.atMs)));
    }
  const rows: Row[] = [
    {
      name: 'history',
      records,
      p50Ms: median(historyTimes),
      recallAt10: round(recallOf(truth, historyFound)),
      bytesPerRecord: history!.bytesPerRecord,
      openMs: Math.round(median(openTimes)),
    },
    {
      name: 'usearch, bare',
      records,
      p50Ms: median(bareTimes),
      recallAt10: round(recallOf(truth, bareFound)),
      bytesPerRecord: Math.round(statSync(file).size / records),
      openMs: Math.round(bareOpenMs),
    },
    {
      name: 'exact scan',
      records,
      p50Ms: median(truth.timesMs),
      recallAt10: 1,
      bytesPerRecord: dimensions,
      openMs: 0,
    },
  ];
  history!.close();
  return { rows, posteriorP50Ms: median(posteriorTimes) };
}

function indexFile(directory: string): string {
  const folder = join(directory, 'index');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.index'))!);
}

interface Printed {
  readonly rows: readonly Row[];
  readonly posteriorP50Ms: number;
  readonly appendsPerSecond: number | undefined;
  readonly sweep: readonly SweepRow[];
  readonly quality: readonly PosteriorQuality[];
}

function print({ rows, posteriorP50Ms, appendsPerSecond, sweep, quality }: Printed): void {
  const [own] = rows;
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, load average ${loadavg()[0]!.toFixed(1)}`,
  );
  console.table(rows);
  console.log(`posterior of 20 workers: ${posteriorP50Ms} ms (p50)`);
  if (appendsPerSecond !== undefined) console.log(`appended with index: ${appendsPerSecond} records/s`);
  if (sweep.length > 0) console.table(sweep);
  if (quality.length > 0) console.table(quality);
  const say = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
  console.log(
    `\nten nearest within ${bars.p50Ms} ms: ${say(own!.p50Ms <= bars.p50Ms)} (${own!.p50Ms} ms)\n` +
      `recall@10 at least ${bars.recallAt10}: ${say(own!.recallAt10 >= bars.recallAt10)} (${own!.recallAt10})\n` +
      `open within ${bars.openMs} ms: ${say(own!.openMs <= bars.openMs)} (${own!.openMs} ms)`,
  );
}

function median(values: readonly number[]): number {
  return round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!);
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
