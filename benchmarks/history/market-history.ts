import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Hash, type NodeId, sha256 } from '@market-of-experts/core';
import {
  type History,
  type HistoryRecord,
  openHistory,
  type UsearchSettings,
  usearchIndexKind,
} from '@market-of-experts/history';
import { type DrawStream, drawStream } from '@market-of-experts/protocol';
import { progressBar } from '../scoring/progress.ts';
import { dimensions } from './text-windows.ts';

const unitsPerJob = 384;
const members = 5;
const workers = 64;
const folder = join(import.meta.dirname, '../../.bench/history');

/** The history's folder for so many records, filled with the vectors when it is not there yet. */
export async function builtHistory(
  vectors: Int8Array,
  records: number,
  settings: UsearchSettings,
): Promise<{ readonly directory: string; readonly appendsPerSecond: number | undefined }> {
  const kind = usearchIndexKind(settings);
  const directory = join(folder, `${kind.name}-${records}`);
  const complete = join(directory, 'complete');
  if (existsSync(complete)) return { directory, appendsPerSecond: undefined };
  mkdirSync(directory, { recursive: true });
  const history = openBuilt(directory, settings);
  const tick = progressBar(`appending (${kind.name}, ${records})`, records);
  const begin = history.size;
  tick(begin);
  const startedMs = performance.now();
  let appended = 0;
  for (const record of recordsOf(vectors, records)) {
    // A run that was stopped goes on where it was: what is there already is passed over.
    if (!history.append(record)) continue;
    appended += 1;
    if (appended % 1_000 !== 0) continue;
    tick(1_000);
    // Saves wait for the disk in the background.
    await setImmediate();
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  history.close();
  writeFileSync(complete, '');
  return { directory, appendsPerSecond: Math.round(appended / seconds) };
}

export function openBuilt(directory: string, settings: UsearchSettings): History {
  return openHistory({ directory, dimensions, unitsPerJob, indexKind: usearchIndexKind(settings) });
}

/** Real vectors; who took part, and how well, is made up: it has no influence on a search. */
function* recordsOf(vectors: Int8Array, records: number): Generator<HistoryRecord> {
  const nodes = Array.from({ length: workers }, (_, index) => idOf(`worker ${index}`) as NodeId);
  const stream = drawStream('history', 'outcomes');
  for (let index = 0; index < records; index += 1)
    yield recordOf(index, vectors.slice(index * dimensions, (index + 1) * dimensions), nodes, stream);
}

function recordOf(
  index: number,
  vector: Int8Array,
  nodes: readonly NodeId[],
  stream: DrawStream,
): HistoryRecord {
  const first = stream.below(workers);
  const losses = Array.from({ length: members }, () => stream.below(unitsPerJob));
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / members;
  const best = losses.indexOf(Math.min(...losses));
  const workerOf = (seat: number): NodeId => nodes[(first + seat * 11) % workers]!;
  return {
    order: idOf(`job ${index}`) as Hash,
    atMs: index * 1_000,
    place: index % 64,
    vector,
    feeMicro: 1_000n,
    winner: workerOf(best),
    outcomes: losses.map((lossUnits, seat) => ({
      principal: workerOf(seat),
      worker: workerOf(seat),
      lossUnits,
      excessUnits: lossUnits - mean,
      won: seat === best,
      latencyMs: 5 + stream.below(50),
    })),
  };
}

function idOf(name: string): string {
  return Buffer.from(sha256(Buffer.from(`bench/history/${name}`))).toString('hex');
}
