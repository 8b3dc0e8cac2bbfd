import type { NodeId } from '@market-of-experts/core';
import type { HistoryRecord } from './records/record.ts';
import type { WorkerTally } from './worker-tallies.ts';

export interface Neighbour {
  readonly record: HistoryRecord;
  /** Cosine of the record's vector and the query, −1 to 1. */
  readonly similarity: number;
}

/** A direction in the shared space, of any length but zero. */
export type HistoryQuery = Int8Array | Int16Array | Float32Array;

/** Certified jobs by where their data lie. */
export interface History {
  /** Units of a whole loss: a loss of `unitsPerJob` units is 1. */
  readonly unitsPerJob: number;
  /** Records that are kept. */
  readonly size: number;
  /** Memory of the records and the index, divided by the records. */
  readonly bytesPerRecord: number;
  /**
   * Keeps a record; false when its job is known already or is older than what was forgotten. Above `maxRecords` the
   * record that came first is forgotten. Throws `history-record-invalid`, `history-full`, `history-closed`,
   * `history-write-failed` (retryable; when only the saving of the index failed, the record is kept all the same).
   */
  append(record: HistoryRecord): boolean;
  /** The `k` nearest records that the index finds, the nearest first, by exact cosine. */
  nearest(query: HistoryQuery, k: number): Neighbour[];
  /** The last `count` records, the newest first. */
  recent(count: number): HistoryRecord[];
  /** All records that are kept, in the order in which they came. */
  records(): IterableIterator<HistoryRecord>;
  /** Sums over all records of a worker; all zeros when it has none. */
  tallyOf(worker: NodeId): WorkerTally;
  /** Sums over all outcomes of all workers. */
  tallyOfAll(): WorkerTally;
  /** Workers that have a record. */
  workers(): NodeId[];
  /** Forgets the records of before `atMs`, also those that are yet to come. Returns how many it forgot. */
  forgetBefore(atMs: number): number;
  /** Everything so far on the disk, the index too. */
  flush(): void;
  /** Flushes and frees files; the history cannot be used afterwards. */
  close(): void;
}
