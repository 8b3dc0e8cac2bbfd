import { join } from 'node:path';
import { MoeError, type NodeId } from '@market-of-experts/core';
import type { AnnIndex } from './ann/ann-index.ts';
import { IndexFiles, type IndexState } from './ann/index-files.ts';
import type { History, HistoryQuery, Neighbour } from './history.ts';
import { type HistoryInit, historySettings, maxNeighbours } from './history-settings.ts';
import { KeptRecords } from './kept-records.ts';
import { nothingForgotten, writing } from './records/history-folder.ts';
import { type HistoryRecord, recordCheck } from './records/record.ts';
import type { WorkerTally } from './worker-tallies.ts';

/** An index's own order is wrong by rounding only: no more than this many times what is wanted are compared. */
const comparedShare = 4;
/** The index is saved after this many new records, or a sixteenth of all when that is more. */
const saveEvery = 4_096;
const saveShare = 16;

/** A history: the records that are kept, and an index of their vectors that follows them. */
export class StoredHistory implements History {
  readonly unitsPerJob: number;
  readonly #dimensions: number;
  readonly #maxRecords: number;
  readonly #candidates: number;
  readonly #check: (record: HistoryRecord) => void;
  readonly #kept: KeptRecords;
  readonly #indexFiles: IndexFiles | undefined;
  readonly #index: AnnIndex;
  #unsaved = 0;
  #isClosed = false;

  constructor(
    init: HistoryInit,
    directory: string | undefined,
    onIndexing: (done: number, total: number) => void,
  ) {
    const { limits, maxRecords, candidates, indexKind } = historySettings(init);
    this.unitsPerJob = limits.unitsPerJob;
    this.#dimensions = limits.dimensions;
    this.#maxRecords = maxRecords;
    this.#candidates = candidates;
    this.#check = recordCheck(limits);
    this.#kept = new KeptRecords(limits, directory);
    if (directory !== undefined) this.#indexFiles = new IndexFiles(join(directory, 'index'), indexKind);
    const saved = this.#indexFiles?.open(this.#dimensions);
    // More rows in the index than in the files: they were restored from elsewhere, so it is not theirs.
    const usable = saved !== undefined && saved.state.endRow <= this.#kept.rows.end ? saved : undefined;
    this.#index = usable?.index ?? indexKind.create(this.#dimensions);
    const state = usable?.state ?? { endRow: 0, ...nothingForgotten };
    this.#kept.read(state.endRow, maxRecords);
    this.#bringIndexInStep(state, onIndexing);
  }

  get size(): number {
    return this.#index.size;
  }

  get bytesPerRecord(): number {
    return Math.round(this.#kept.rows.rowBytes + this.#index.memoryBytes / Math.max(1, this.size));
  }

  append(record: HistoryRecord): boolean {
    this.#mustBeOpen();
    this.#check(record);
    const row = this.#kept.append(record);
    if (row === undefined) return false;
    this.#index.add(row, record.vector);
    while (this.size > this.#maxRecords) this.#index.remove(this.#kept.forgetOldest());
    this.#unsaved += 1;
    if (this.#unsaved >= Math.max(saveEvery, this.size / saveShare))
      this.#save((files, state) => files.saveSoon(this.#index, state));
    return true;
  }

  nearest(query: HistoryQuery, k: number): Neighbour[] {
    this.#mustBeOpen();
    const count = Math.max(0, Math.min(maxNeighbours, Math.floor(k)));
    const { rows } = this.#kept;
    const unit = this.#unitOf(query);
    const candidates = this.#index.search(unit, Math.max(this.#candidates, 2 * count));
    // A damaged index may name rows that are not there.
    const there = candidates.filter((row) => row >= rows.first && row < rows.end);
    const found = there.slice(0, comparedShare * count).map((row) => ({
      row,
      similarity: rows.similarity(row, unit),
    }));
    // Ties by what the record says and not by when it came, so that the order of appends does not matter.
    found.sort(
      (a, b) =>
        b.similarity - a.similarity ||
        rows.atMs(b.row) - rows.atMs(a.row) ||
        (rows.order(a.row) < rows.order(b.row) ? -1 : 1),
    );
    return found.slice(0, count).map(({ row, similarity }) => ({
      record: rows.record(row),
      similarity: Math.min(1, similarity),
    }));
  }

  recent(count: number): HistoryRecord[] {
    const { rows, forgotten } = this.#kept;
    const found: HistoryRecord[] = [];
    for (let row = rows.end - 1; row >= forgotten.firstRow && found.length < count; row -= 1)
      if (this.#kept.has(row)) found.push(rows.record(row));
    return found;
  }

  *records(): IterableIterator<HistoryRecord> {
    for (const row of this.#kept.inOrder()) yield this.#kept.rows.record(row);
  }

  tallyOf(worker: NodeId): WorkerTally {
    return this.#kept.tallyOf(worker);
  }

  tallyOfAll(): WorkerTally {
    return this.#kept.tallyOfAll();
  }

  workers(): NodeId[] {
    return this.#kept.workers();
  }

  forgetBefore(atMs: number): number {
    this.#mustBeOpen();
    const old = this.#kept.forgetBefore(atMs);
    for (const row of old) this.#index.remove(row);
    this.#unsaved += old.length;
    return old.length;
  }

  flush(): void {
    this.#mustBeOpen();
    if (this.#indexFiles === undefined) return;
    writing(() => this.#kept.saveForgotten());
    if (this.#unsaved > 0) this.#save((files, state) => files.save(this.#index, state));
    else writing(() => this.#indexFiles?.settle());
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#kept.rows.close();
  }

  #mustBeOpen(): void {
    if (this.#isClosed)
      throw new MoeError('history-closed', 'The history is closed. Open it again to use it.');
  }

  #save(saveIndex: (files: IndexFiles, state: IndexState) => void): void {
    this.#unsaved = 0;
    writing(() => {
      if (this.#indexFiles === undefined) return;
      const endRow = this.#kept.rows.end;
      // Before the index, which may never name a row either that a power cut could still take away.
      this.#kept.saveSummary(this.size);
      saveIndex(this.#indexFiles, { ...this.#kept.forgotten, endRow });
    });
  }

  #bringIndexInStep(state: IndexState, onIndexing: (done: number, total: number) => void): void {
    const { rows, forgotten } = this.#kept;
    const { firstRow, beforeMs } = forgotten;
    for (let row = state.firstRow; row < Math.min(firstRow, state.endRow); row += 1) this.#index.remove(row);
    if (beforeMs > state.beforeMs)
      for (let row = firstRow; row < state.endRow; row += 1)
        if (!this.#kept.has(row)) this.#index.remove(row);
    const begin = Math.max(state.endRow, firstRow);
    for (let row = begin; row < rows.end; row += 1) {
      rows.hold(row);
      if (!this.#kept.has(row)) continue;
      this.#index.add(row, rows.vector(row));
      this.#unsaved += 1;
      onIndexing(row + 1 - begin, rows.end - begin);
    }
  }

  #unitOf(query: HistoryQuery): Float32Array {
    let squares = 0;
    for (let axis = 0; axis < query.length; axis += 1) squares += query[axis]! * query[axis]!;
    if (query.length !== this.#dimensions || !(squares > 0 && squares < Number.POSITIVE_INFINITY))
      throw new MoeError(
        'history-query-invalid',
        `A query needs ${this.#dimensions} finite numbers that are not all zero; it has ${query.length} with a squared length of ${squares}.`,
      );
    const scale = 1 / Math.sqrt(squares);
    const unit = new Float32Array(query.length);
    for (let axis = 0; axis < query.length; axis += 1) unit[axis] = query[axis]! * scale;
    return unit;
  }
}
