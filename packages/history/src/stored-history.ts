import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MoeError, messageOf, type NodeId } from '@market-of-experts/core';
import type { AnnIndex } from './ann/ann-index.ts';
import { IndexFiles, type IndexState } from './ann/index-files.ts';
import type { History, HistoryQuery, Neighbour } from './history.ts';
import { type HistoryInit, historySettings, maxNeighbours } from './history-settings.ts';
import { type Forgotten, HistoryFolder, nothingForgotten } from './records/history-folder.ts';
import { JobTable } from './records/job-table.ts';
import { type HistoryRecord, recordCheck } from './records/record.ts';
import { RecordRows } from './records/record-rows.ts';
import { type Summary, SummaryFile } from './records/summary-file.ts';
import { emptyTally, WorkerTallies, type WorkerTally } from './worker-tallies.ts';

/** An index's own order is wrong by rounding only: no more than this many times what is wanted are compared. */
const comparedShare = 4;
/** The index is saved after this many new records, or a sixteenth of all when that is more. */
const saveEvery = 4_096;
const saveShare = 16;

/** Whatever the system refuses while writing, as a sentence. */
function writing<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof MoeError) throw cause;
    throw new MoeError(
      'history-write-failed',
      `The history cannot be written: ${messageOf(cause)}. Free space on the disk or check the folder's permissions.`,
      { cause, isRetryable: true },
    );
  }
}

/** A history over rows of records, an index of their vectors, and what is summed up of them. */
export class StoredHistory implements History {
  readonly unitsPerJob: number;
  readonly #dimensions: number;
  readonly #maxRecords: number;
  readonly #candidates: number;
  readonly #check: (record: HistoryRecord) => void;
  readonly #folder: HistoryFolder | undefined;
  readonly #rows: RecordRows;
  readonly #jobs: JobTable;
  readonly #tallies = new WorkerTallies();
  readonly #indexFiles: IndexFiles | undefined;
  readonly #summaryFile: SummaryFile | undefined;
  readonly #index: AnnIndex;
  #forgotten: Forgotten;
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
    if (directory !== undefined) {
      mkdirSync(directory, { recursive: true });
      this.#folder = new HistoryFolder(directory, limits);
      this.#indexFiles = new IndexFiles(join(directory, 'index'), indexKind);
      this.#summaryFile = new SummaryFile(directory);
    }
    this.#rows = new RecordRows(limits, directory);
    this.#forgotten = this.#folder?.readForgotten() ?? nothingForgotten;
    const summary = this.#usableSummary();
    const saved = this.#indexFiles?.open(this.#dimensions);
    // More rows in the index than in the files: they were restored from elsewhere, so it is not theirs.
    const usable = saved !== undefined && saved.state.endRow <= this.#rows.end ? saved : undefined;
    this.#index = usable?.index ?? indexKind.create(this.#dimensions);
    const state = usable?.state ?? { endRow: 0, ...nothingForgotten };
    this.#rows.checkFrom(Math.max(state.endRow, summary?.endRow ?? 0));
    this.#jobs = new JobTable(
      {
        isJob: (row, job) => this.#isKept(row) && this.#rows.isJob(row, job),
        isKept: (row) => this.#isKept(row),
        jobKey: (row) => this.#rows.jobKey(row),
      },
      summary?.jobs,
    );
    this.#readRows(summary);
    this.#bringIndexInStep(state, onIndexing);
  }

  get size(): number {
    return this.#index.size;
  }

  get bytesPerRecord(): number {
    return Math.round(this.#rows.rowBytes + this.#index.memoryBytes / Math.max(1, this.size));
  }

  append(record: HistoryRecord): boolean {
    this.#mustBeOpen();
    this.#check(record);
    if (record.atMs < this.#forgotten.beforeMs) return false;
    if (this.#jobs.find(Buffer.from(record.job, 'hex')) !== undefined) return false;
    const row = writing(() => this.#rows.append(record));
    this.#jobs.add(row);
    this.#count(row, 1);
    this.#index.add(row, record.vector);
    while (this.size > this.#maxRecords) this.#forgetOldest();
    this.#unsaved += 1;
    if (this.#unsaved >= Math.max(saveEvery, this.size / saveShare))
      this.#save((files, state) => files.saveSoon(this.#index, state));
    return true;
  }

  nearest(query: HistoryQuery, k: number): Neighbour[] {
    this.#mustBeOpen();
    const count = Math.max(0, Math.min(maxNeighbours, Math.floor(k)));
    const unit = this.#unitOf(query);
    const candidates = this.#index.search(unit, Math.max(this.#candidates, 2 * count));
    // A damaged index may name rows that are not there.
    const there = candidates.filter((row) => row >= this.#rows.first && row < this.#rows.end);
    const found = there.slice(0, comparedShare * count).map((row) => ({
      row,
      similarity: this.#rows.similarity(row, unit),
    }));
    // Ties by what the record says and not by when it came, so that the order of appends does not matter.
    found.sort(
      (a, b) =>
        b.similarity - a.similarity ||
        this.#rows.atMs(b.row) - this.#rows.atMs(a.row) ||
        (this.#rows.job(a.row) < this.#rows.job(b.row) ? -1 : 1),
    );
    return found.slice(0, count).map(({ row, similarity }) => ({
      record: this.#rows.record(row),
      similarity: Math.min(1, similarity),
    }));
  }

  recent(count: number): HistoryRecord[] {
    const found: HistoryRecord[] = [];
    for (let row = this.#rows.end - 1; row >= this.#forgotten.firstRow && found.length < count; row -= 1)
      if (this.#isKept(row)) found.push(this.#rows.record(row));
    return found;
  }

  *records(): IterableIterator<HistoryRecord> {
    for (let row = this.#forgotten.firstRow; row < this.#rows.end; row += 1) {
      this.#rows.hold(row);
      if (this.#isKept(row)) yield this.#rows.record(row);
    }
  }

  tallyOf(worker: NodeId): WorkerTally {
    const index = this.#rows.nodeIndex(worker);
    return index === undefined ? emptyTally : this.#tallies.of(index);
  }

  tallyOfAll(): WorkerTally {
    return this.#tallies.all;
  }

  workers(): NodeId[] {
    return this.#tallies.workers().map((index) => this.#rows.nodeOf(index));
  }

  forgetBefore(atMs: number): number {
    this.#mustBeOpen();
    if (!(atMs > this.#forgotten.beforeMs)) return 0;
    const { firstRow } = this.#forgotten;
    const old: number[] = [];
    for (let row = firstRow; row < this.#rows.end; row += 1) {
      this.#rows.hold(row);
      if (this.#isKept(row) && this.#rows.atMs(row) < atMs) old.push(row);
    }
    writing(() => this.#folder?.writeForgotten({ firstRow, beforeMs: atMs }));
    for (const row of old) {
      this.#count(row, -1);
      this.#index.remove(row);
    }
    this.#forgotten = { firstRow, beforeMs: atMs };
    this.#unsaved += old.length;
    this.#skipForgotten();
    return old.length;
  }

  flush(): void {
    this.#mustBeOpen();
    if (this.#folder === undefined) return;
    writing(() => this.#folder?.writeForgotten(this.#forgotten));
    if (this.#unsaved > 0) this.#save((files, state) => files.save(this.#index, state));
    else writing(() => this.#indexFiles?.settle());
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#rows.close();
  }

  #mustBeOpen(): void {
    if (this.#isClosed)
      throw new MoeError('history-closed', 'The history is closed. Open it again to use it.');
  }

  #isKept(row: number): boolean {
    return row >= this.#forgotten.firstRow && this.#rows.atMs(row) >= this.#forgotten.beforeMs;
  }

  #count(row: number, sign: 1 | -1): void {
    this.#rows.forEachOutcome(row, (outcome) => this.#tallies.count(outcome, sign));
  }

  #forgetOldest(): void {
    const row = this.#forgotten.firstRow;
    this.#count(row, -1);
    this.#index.remove(row);
    this.#forgotten = { ...this.#forgotten, firstRow: row + 1 };
    this.#skipForgotten();
  }

  /** Moves the beginning to the first record that is kept and frees what lies before it. */
  #skipForgotten(): void {
    let { firstRow } = this.#forgotten;
    while (firstRow < this.#rows.end && this.#rows.atMs(firstRow) < this.#forgotten.beforeMs) firstRow += 1;
    this.#forgotten = { ...this.#forgotten, firstRow };
    this.#rows.dropBefore(firstRow);
  }

  #save(saveIndex: (files: IndexFiles, state: IndexState) => void): void {
    this.#unsaved = 0;
    const { end } = this.#rows;
    writing(() => {
      if (this.#indexFiles === undefined) return;
      // Neither may ever name a row that a power cut could still take away.
      this.#rows.sync();
      this.#summaryFile?.write({
        ...this.#forgotten,
        endRow: end,
        lastJobKey: this.#rows.jobKey(end - 1),
        kept: this.size,
        tallies: this.#tallies.rows(),
        jobs: this.#jobs.slots,
      });
      saveIndex(this.#indexFiles, { ...this.#forgotten, endRow: end });
    });
  }

  /** The saved summary, unless rows that it counts are gone uncounted: then all rows are read. */
  #usableSummary(): Summary | undefined {
    const summary = this.#summaryFile?.read();
    if (summary === undefined) return undefined;
    const { endRow, firstRow, beforeMs, lastJobKey } = summary;
    const isTheirs =
      endRow <= this.#rows.end &&
      firstRow >= this.#rows.first &&
      beforeMs === this.#forgotten.beforeMs &&
      this.#rows.jobKey(endRow - 1) === lastJobKey;
    return isTheirs ? summary : undefined;
  }

  /** Counts what the summary does not, and takes out what was forgotten since or is too much. */
  #readRows(summary: Summary | undefined): void {
    const rows = this.#rows;
    const beginning = Math.min(Math.max(this.#forgotten.firstRow, rows.first), rows.end);
    let kept = summary?.kept ?? 0;
    this.#forgotten = { ...this.#forgotten, firstRow: summary?.firstRow ?? beginning };
    if (summary !== undefined) this.#tallies.restore(summary.tallies);
    for (let row = summary?.endRow ?? beginning; row < rows.end; row += 1) {
      rows.hold(row);
      if (!this.#isKept(row)) continue;
      kept += 1;
      this.#jobs.add(row);
      this.#count(row, 1);
    }
    for (let row = this.#forgotten.firstRow; row < beginning || kept > this.#maxRecords; row += 1) {
      if (this.#isKept(row)) {
        kept -= 1;
        this.#count(row, -1);
      }
      this.#forgotten = { ...this.#forgotten, firstRow: row + 1 };
    }
    this.#skipForgotten();
  }

  #bringIndexInStep(state: IndexState, onIndexing: (done: number, total: number) => void): void {
    const { firstRow, beforeMs } = this.#forgotten;
    for (let row = state.firstRow; row < Math.min(firstRow, state.endRow); row += 1) this.#index.remove(row);
    if (beforeMs > state.beforeMs)
      for (let row = firstRow; row < state.endRow; row += 1) if (!this.#isKept(row)) this.#index.remove(row);
    const begin = Math.max(state.endRow, firstRow);
    for (let row = begin; row < this.#rows.end; row += 1) {
      this.#rows.hold(row);
      if (!this.#isKept(row)) continue;
      this.#index.add(row, this.#rows.vector(row));
      this.#unsaved += 1;
      onIndexing(row + 1 - begin, this.#rows.end - begin);
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
