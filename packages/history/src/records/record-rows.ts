import { join } from 'node:path';
import { type Hash, MoeError, type NodeId } from '@market-of-experts/core';
import { NodeTable } from './node-table.ts';
import type { HistoryRecord, RecordLimits } from './record.ts';
import { RowLayout, type RowOutcome } from './row-layout.ts';
import { RowStore } from './row-store.ts';

/** Records by the number of their row: how a row is laid out, where it lies, and the nodes that it names by number. */
export class RecordRows {
  readonly rowBytes: number;
  readonly #layout: RowLayout;
  readonly #nodes: NodeTable;
  readonly #rows: RowStore;

  /** Without a directory rows are in memory only. Throws `history-corrupt`. */
  constructor(limits: RecordLimits, directory: string | undefined) {
    this.#layout = new RowLayout(limits);
    this.rowBytes = this.#layout.rowBytes;
    this.#nodes = new NodeTable(directory && join(directory, 'nodes.bin'));
    this.#rows = new RowStore({
      rowBytes: this.rowBytes,
      directory: directory && join(directory, 'records'),
    });
  }

  /** Number of the first row that is there. */
  get first(): number {
    return this.#rows.first;
  }

  /** One more than the number of the last row. */
  get end(): number {
    return this.#rows.end;
  }

  /** The new row's number. Throws what the system refuses, and `history-full`. */
  append(record: HistoryRecord): number {
    return this.#rows.append(this.#layout.encode(record, (node) => this.#nodes.index(node)));
  }

  /** Throws `history-corrupt`. */
  record(row: number): HistoryRecord {
    if (!this.#isSound(row))
      throw new MoeError(
        'history-corrupt',
        `Record ${row} of the history is damaged. Delete the folder: the history is then built again from the receipts.`,
      );
    return this.#layout.decode(...this.#rows.place(row), (index) => this.#nodes.id(index));
  }

  atMs(row: number): number {
    return this.#layout.atMs(...this.#rows.place(row));
  }

  order(row: number): Hash {
    return this.#layout.order(...this.#rows.place(row));
  }

  /** First four bytes of the row's job id. */
  jobKey(row: number): number {
    return this.#layout.jobKey(...this.#rows.place(row));
  }

  isJob(row: number, job: Uint8Array): boolean {
    return this.#layout.isJob(...this.#rows.place(row), job);
  }

  /** A view. */
  vector(row: number): Int8Array {
    return this.#layout.vector(...this.#rows.place(row));
  }

  /** Cosine of the row's vector and a unit query. */
  similarity(row: number, query: Float32Array): number {
    return this.#layout.similarity(...this.#rows.place(row), query);
  }

  forEachOutcome(row: number, visit: (outcome: RowOutcome) => void): void {
    this.#layout.forEachOutcome(...this.#rows.place(row), visit);
  }

  /** The number by which rows name a node, where any does. */
  nodeIndex(node: NodeId): number | undefined {
    return this.#nodes.known(node);
  }

  nodeOf(index: number): NodeId {
    return this.#nodes.id(index);
  }

  /** For those who go through rows one after the other: reads what is around this one. */
  hold(row: number): void {
    this.#rows.hold(row);
  }

  /**
   * Cuts off the rows from the first damaged one on, from `synced` on: what was written since may have been torn by a power
   * cut. Everything else is checked as it is read from now on. Throws `history-corrupt`, and is closed then.
   */
  checkFrom(synced: number): void {
    for (let row = Math.max(synced, this.first); row < this.end; row += 1)
      if (!this.#isSound(row)) this.#rows.cut(row);
    try {
      this.#rows.checkWith((block, start) => this.#layout.isSound(block, start, this.#nodes.size));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Frees what lies before `row`, as far as it can be freed. */
  dropBefore(row: number): void {
    this.#rows.dropBefore(row);
  }

  /** Afterwards no power cut takes a row away, nor a node that one names. */
  sync(): void {
    this.#nodes.sync();
    this.#rows.sync();
  }

  close(): void {
    this.#rows.close();
    this.#nodes.close();
  }

  #isSound(row: number): boolean {
    return this.#layout.isSound(...this.#rows.place(row), this.#nodes.size);
  }
}
