import { type Hash, type NodeId, sha256 } from '@market-of-experts/core';
import type { HistoryOutcome, HistoryRecord } from './record.ts';

/** Records for tests: few dimensions, everything decided by the arguments. */
export const sampleDimensions = 16;
export const sampleUnitsPerJob = 384;

export function sampleNode(name: string | number): NodeId {
  return idOf(`node ${name}`) as NodeId;
}

function idOf(name: string): string {
  return Buffer.from(sha256(Buffer.from(name))).toString('hex');
}

/** A unit vector times 127. */
export function sampleVector(values: readonly number[]): Int8Array {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
  return Int8Array.from({ length: sampleDimensions }, (_, axis) =>
    Math.round((127 * (values[axis] ?? 0)) / length),
  );
}

/** A direction that looks random, the same for the same number. */
export function scatteredVector(seed: number): Int8Array {
  const bytes = sha256(Buffer.from(`vector ${seed}`));
  return sampleVector(Array.from({ length: sampleDimensions }, (_, axis) => bytes[axis]! - 127.5));
}

/** Losses, 0 to 1, by worker; the lowest wins. */
export function sampleRecord(
  job: string | number,
  init: {
    readonly atMs?: number;
    readonly place?: number;
    readonly vector?: Int8Array;
    readonly losses?: Readonly<Record<string, number>>;
    readonly feeMicro?: bigint;
    readonly latencyMs?: number;
  } = {},
): HistoryRecord {
  const entries = Object.entries(init.losses ?? { a: 0.25, b: 0.5, c: 0.75 });
  const units = entries.map(([, loss]) => Math.round(loss * sampleUnitsPerJob));
  const mean = units.reduce((sum, value) => sum + value, 0) / Math.max(1, units.length);
  const best = units.indexOf(Math.min(...units));
  const outcomes = entries.map(
    ([name], index): HistoryOutcome => ({
      principal: sampleNode(name),
      worker: sampleNode(name),
      lossUnits: units[index]!,
      excessUnits: units[index]! - mean,
      won: index === best,
      latencyMs: init.latencyMs ?? 20,
    }),
  );
  return {
    order: idOf(`job ${job}`) as Hash,
    atMs: init.atMs ?? 1_000,
    place: init.place ?? 0,
    vector: init.vector ?? scatteredVector(typeof job === 'number' ? job : job.length),
    feeMicro: init.feeMicro ?? 1_000n,
    winner: outcomes[best]?.principal ?? null,
    outcomes,
  };
}
