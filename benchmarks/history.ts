/**
 * `npm run bench -- history [--records 1000000] [--sweep]`: the ten nearest of so many certified jobs (real texts'
 * vectors), by the history, by the library used bare on the same index, and by comparing with everything; memory, and
 * the time to open; processor time beside time. `--sweep` prints what other settings of the index cost and bring.
 * The first run encodes the texts and builds
 * the index (minutes); both are kept under `.bench/history`.
 */
import { readdirSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type History, posterior } from '@market-of-experts/history';
import { type GroundTruth, groundTruth, recallOf } from './history/ground-truth.ts';
import { bareIndex, type SweepRow, sweepFile, sweepIndexes } from './history/index-sweep.ts';
import { builtHistory, openBuilt } from './history/market-history.ts';
import { type Figures, Stopwatch } from './history/stopwatch.ts';
import { dimensions, windowVectors } from './history/text-windows.ts';
import { optionOf } from './scoring/options.ts';

interface Row {
  readonly name: string;
  readonly records: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of a search on the thread that makes it, mean: other processes do not count. */
  readonly cpuMs: number;
  readonly recallAt10: number;
  readonly bytesPerRecord: number;
  readonly openMs: number;
  readonly openCpuMs: number;
}

const settings = { connectivity: 16, expansionAdd: 128 };
const candidates = 96;
const queryCount = 500;
const openings = 3;
const readingMsPerRecord = 0.01;
const bars = { p50Ms: 1, recallAt10: 0.95, openMs: 2_000 };

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const records = Number(optionOf(args, '--records') ?? 1_000_000);
  if (!Number.isInteger(records) || records < 1_000 || records > 1_000_000)
    throw new Error('--records takes a whole number from 1000 to 1000000, for example --records 100000.');
  const { indexed, queries: all } = await windowVectors(records, queryCount);
  const queries = Array.from({ length: queryCount }, (_, index) =>
    all.slice(index * dimensions, (index + 1) * dimensions),
  );
  const { directory, appendsPerSecond } = await builtHistory(indexed, records, settings);
  const truth = groundTruth(indexed, queries);
  const measured = await measure(directory, records, queries, truth);
  const sweep = args.includes('--sweep') ? sweepIndexes(indexed, queries, truth) : [];
  const found = { ...measured, appendsPerSecond, sweep };
  if (!json) print(found);
  return { ...found, load: loadavg()[0] };
}

async function measure(
  directory: string,
  records: number,
  queries: readonly Int8Array[],
  truth: GroundTruth,
): Promise<Measured> {
  let history: History | undefined;
  const opening = new Stopwatch();
  for (let time = 0; time < openings; time += 1) {
    history?.close();
    opening.time(() => {
      history = openBuilt(directory, settings);
    });
  }
  const firstSearch = new Stopwatch();
  firstSearch.time(() => history!.nearest(queries[0]!, 10));
  // The loop below never yields, and records are read in the background.
  await setTimeout(records * readingMsPerRecord);

  const file = indexFile(directory);
  const bare = bareIndex({ ...settings, expansionSearch: candidates });
  const bareOpening = new Stopwatch();
  bareOpening.time(() => bare.load(file));

  const keyOf = (atMs: number): number => atMs / 1_000;
  const workers = history!.workers().slice(0, 20);
  const [ownSearch, bareSearch, nearest64, beliefs] = [
    new Stopwatch(),
    new Stopwatch(),
    new Stopwatch(),
    new Stopwatch(),
  ];
  const bareFound: number[][] = [];
  const historyFound: number[][] = [];
  // Twice: the first round warms up. One query of each in turn, so that all meet the same disturbances.
  for (const isMeasured of [false, true]) {
    for (const watch of [ownSearch, bareSearch, nearest64, beliefs]) watch.reset();
    for (const [at, query] of queries.entries()) {
      // Others, so that they do not find in the processor's cache what this one has brought there.
      const [second, third] = [1, 2].map(
        (part) => queries[(at + Math.floor((part * queryCount) / 3)) % queryCount]!,
      ) as [Int8Array, Int8Array];
      const floats = Float32Array.from(query);
      const { keys } = bareSearch.time(() => bare.search(floats, 10, 1));
      const near = ownSearch.time(() => history!.nearest(query, 10));
      beliefs.time(() => posterior(history!, second, workers, { nowMs: records * 1_000 }));
      nearest64.time(() => history!.nearest(third, 64));
      if (!isMeasured) continue;
      bareFound.push(Array.from(keys, Number));
      historyFound.push(near.map(({ record }) => keyOf(record.atMs)));
    }
  }
  const widths = sweepFile(file, settings, queries, truth);
  const { bytesPerRecord } = history!;
  history!.close();
  const rows: Row[] = [
    {
      name: 'history',
      records,
      ...ownSearch.figures(),
      recallAt10: round(recallOf(truth, historyFound)),
      bytesPerRecord,
      openMs: opening.figures().p50Ms,
      openCpuMs: opening.figures().cpuMs,
    },
    {
      name: 'usearch, bare',
      records,
      ...bareSearch.figures(),
      recallAt10: round(recallOf(truth, bareFound)),
      bytesPerRecord: Math.round(statSync(file).size / records),
      openMs: bareOpening.figures().p50Ms,
      openCpuMs: bareOpening.figures().cpuMs,
    },
    {
      name: 'exact scan',
      records,
      ...truth.times.figures(),
      recallAt10: 1,
      bytesPerRecord: dimensions,
      openMs: 0,
      openCpuMs: 0,
    },
  ];
  return {
    rows,
    firstSearchMs: firstSearch.figures().p50Ms,
    posteriorOf20: beliefs.figures(),
    nearest64: nearest64.figures(),
    widths,
  };
}

interface Measured {
  readonly rows: readonly Row[];
  /** The first search after opening, while pages of the index and records are still to be read. */
  readonly firstSearchMs: number;
  readonly posteriorOf20: Figures;
  readonly nearest64: Figures;
  /** What other numbers of candidates would cost and bring. */
  readonly widths: readonly SweepRow[];
}

function indexFile(directory: string): string {
  const folder = join(directory, 'index');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.index'))!);
}

interface Printed extends Measured {
  readonly appendsPerSecond: number | undefined;
  readonly sweep: readonly SweepRow[];
}

function print(printed: Printed): void {
  const { rows, firstSearchMs, posteriorOf20, nearest64, widths, appendsPerSecond, sweep } = printed;
  const [own] = rows;
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, load average ${loadavg()[0]!.toFixed(1)}`,
  );
  console.table(rows);
  console.log(`first search after opening: ${firstSearchMs} ms`);
  console.table({ 'posterior of 20 workers': posteriorOf20, 'of which 64 nearest': nearest64 });
  if (appendsPerSecond !== undefined) console.log(`appended with index: ${appendsPerSecond} records/s`);
  console.table([...widths, ...sweep]);
  const say = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
  console.log(
    `\nten nearest within ${bars.p50Ms} ms: ${say(own!.p50Ms <= bars.p50Ms)} (${own!.p50Ms} ms)\n` +
      `recall@10 at least ${bars.recallAt10}: ${say(own!.recallAt10 >= bars.recallAt10)} (${own!.recallAt10})\n` +
      `open within ${bars.openMs} ms: ${say(own!.openMs <= bars.openMs)} (${own!.openMs} ms)`,
  );
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
