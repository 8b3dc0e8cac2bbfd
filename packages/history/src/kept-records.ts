import { mkdirSync } from 'node:fs';
import type { NodeId } from '@market-of-experts/core';
import { type Forgotten, HistoryFolder, nothingForgotten, writing } from './records/history-folder.ts';
import { JobTable } from './records/job-table.ts';
import type { HistoryRecord, RecordLimits } from './records/record.ts';
import { RecordRows } from './records/record-rows.ts';
import { type Summary, SummaryFile } from './records/summary-file.ts';
import { emptyTally, WorkerTallies, type WorkerTally } from './worker-tallies.ts';

/** Which of the records that came are kept, by the number of their row, and what is summed up of these. */
export class KeptRecords {
  readonly rows: RecordRows;
  readonly #folder: HistoryFolder | undefined;
  readonly #summaryFile: SummaryFile | undefined;
  /** Until the rows are read. */
  #summary: Summary | undefined;
  readonly #tallies = new WorkerTallies();
  #jobs!: JobTable;
  #forgotten: Forgotten;

  /** To be used after {@link KeptRecords.read} only. Throws `history-mismatch`, `history-corrupt`. */
  constructor(limits: RecordLimits, directory: string | undefined) {
    if (directory !== undefined) {
      mkdirSync(directory, { recursive: true });
      this.#folder = new HistoryFolder(directory, limits);
      this.#summaryFile = new SummaryFile(directory);
    }
    this.rows = new RecordRows(limits, directory);
    this.#forgotten = this.#folder?.readForgotten() ?? nothingForgotten;
    this.#summary = this.#usableSummary();
  }

  /**
   * Reads the rows that the summary does not count, and forgets what is more than `most`. No row before `synced` can have been
   * torn by a power cut. Throws `history-corrupt`.
   */
  read(synced: number, most: number): void {
    this.rows.checkFrom(Math.max(synced, this.#summary?.endRow ?? 0));
    this.#jobs = new JobTable(
      {
        isJob: (row, job) => this.has(row) && this.rows.isJob(row, job),
        isKept: (row) => this.has(row),
        jobKey: (row) => this.rows.jobKey(row),
      },
      this.#summary?.jobs,
    );
    this.#readRows(most);
    this.#summary = undefined;
  }

  get forgotten(): Forgotten {
    return this.#forgotten;
  }

  has(row: number): boolean {
    return row >= this.#forgotten.firstRow && this.rows.atMs(row) >= this.#forgotten.beforeMs;
  }

  /** The rows that are kept, in the order in which they came. */
  *inOrder(): IterableIterator<number> {
    for (let row = this.#forgotten.firstRow; row < this.rows.end; row += 1) {
      this.rows.hold(row);
      if (this.has(row)) yield row;
    }
  }

  /** The new row; undefined when the job is known already or is older than what was forgotten. */
  append(record: HistoryRecord): number | undefined {
    if (record.atMs < this.#forgotten.beforeMs) return undefined;
    if (this.#jobs.find(Buffer.from(record.order, 'hex')) !== undefined) return undefined;
    const row = writing(() => this.rows.append(record));
    this.#jobs.add(row);
    this.#count(row, 1);
    return row;
  }

  /** Returns the row that came first. */
  forgetOldest(): number {
    const row = this.#forgotten.firstRow;
    this.#count(row, -1);
    this.#forgotten = { ...this.#forgotten, firstRow: row + 1 };
    this.#skipForgotten();
    return row;
  }

  /** Returns the rows of before `atMs`; those that are yet to come are not kept either. */
  forgetBefore(atMs: number): readonly number[] {
    if (!(atMs > this.#forgotten.beforeMs)) return [];
    const { firstRow } = this.#forgotten;
    const old: number[] = [];
    for (const row of this.inOrder()) if (this.rows.atMs(row) < atMs) old.push(row);
    writing(() => this.#folder?.writeForgotten({ firstRow, beforeMs: atMs }));
    for (const row of old) this.#count(row, -1);
    this.#forgotten = { firstRow, beforeMs: atMs };
    this.#skipForgotten();
    return old;
  }

  tallyOf(worker: NodeId): WorkerTally {
    const index = this.rows.nodeIndex(worker);
    return index === undefined ? emptyTally : this.#tallies.of(index);
  }

  tallyOfAll(): WorkerTally {
    return this.#tallies.all;
  }

  workers(): NodeId[] {
    return this.#tallies.workers().map((index) => this.rows.nodeOf(index));
  }

  saveForgotten(): void {
    this.#folder?.writeForgotten(this.#forgotten);
  }

  /** Saves what is summed up of the rows, of which `kept` are kept: it never names one that a power cut could still take away. */
  saveSummary(kept: number): void {
    const { end } = this.rows;
    this.rows.sync();
    this.#summaryFile?.write({
      ...this.#forgotten,
      endRow: end,
      lastJobKey: this.rows.jobKey(end - 1),
      kept,
      tallies: this.#tallies.rows(),
      jobs: this.#jobs.slots,
    });
  }

  #count(row: number, sign: 1 | -1): void {
    this.rows.forEachOutcome(row, (outcome) => this.#tallies.count(outcome, sign));
  }

  /** Moves the beginning to the first record that is kept and frees what lies before it. */
  #skipForgotten(): void {
    let { firstRow } = this.#forgotten;
    while (firstRow < this.rows.end && this.rows.atMs(firstRow) < this.#forgotten.beforeMs) firstRow += 1;
    this.#forgotten = { ...this.#forgotten, firstRow };
    this.rows.dropBefore(firstRow);
  }

  /** The saved summary, unless rows that it counts are gone uncounted: then all rows are read. */
  #usableSummary(): Summary | undefined {
    const summary = this.#summaryFile?.read();
    if (summary === undefined) return undefined;
    const { endRow, firstRow, beforeMs, lastJobKey } = summary;
    const isTheirs =
      endRow <= this.rows.end &&
      firstRow >= this.rows.first &&
      beforeMs === this.#forgotten.beforeMs &&
      this.rows.jobKey(endRow - 1) === lastJobKey;
    return isTheirs ? summary : undefined;
  }

  /** Counts what the summary does not, and takes out what was forgotten since or is too much. */
  #readRows(most: number): void {
    const summary = this.#summary;
    const { rows } = this;
    const beginning = Math.min(Math.max(this.#forgotten.firstRow, rows.first), rows.end);
    let kept = summary?.kept ?? 0;
    this.#forgotten = { ...this.#forgotten, firstRow: summary?.firstRow ?? beginning };
    if (summary !== undefined) this.#tallies.restore(summary.tallies);
    for (let row = summary?.endRow ?? beginning; row < rows.end; row += 1) {
      rows.hold(row);
      if (!this.has(row)) continue;
      kept += 1;
      this.#jobs.add(row);
      this.#count(row, 1);
    }
    for (let row = this.#forgotten.firstRow; row < beginning || kept > most; row += 1) {
      if (this.has(row)) {
        kept -= 1;
        this.#count(row, -1);
      }
      this.#forgotten = { ...this.#forgotten, firstRow: row + 1 };
    }
    this.#skipForgotten();
  }
}
