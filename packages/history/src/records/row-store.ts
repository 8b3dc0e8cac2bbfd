import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MoeError } from '@moe/core';
import { type RowBlock, rowBlock } from './row-layout.ts';

/** Rows in one block and in one file. */
export const rowsPerBlock = 8_192;

export interface RowStoreInit {
  readonly rowBytes: number;
  /** Folder of the files; without it rows are kept in memory only. */
  readonly directory: string | undefined;
}

/**
 * Rows of one size, numbered in the order in which they came, appended at the end and dropped at the beginning. All
 * are in memory; each is also written to its file at once, so that a killed process loses none, and synced by
 * {@link RowStore.sync}. What a crash left of an unfinished row is cut off at the next start.
 */
export class RowStore {
  readonly rowBytes: number;
  readonly #directory: string | undefined;
  readonly #blocks = new Map<number, RowBlock>();
  #first = 0;
  #end = 0;
  /** The file of the last block. */
  #file: number | undefined;

  constructor({ rowBytes, directory }: RowStoreInit) {
    this.rowBytes = rowBytes;
    this.#directory = directory;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    const numbers = readdirSync(directory)
      .flatMap((name) => (/^\d{8}\.rows$/.test(name) ? [Number(name.slice(0, 8))] : []))
      .sort((a, b) => a - b);
    for (const [index, number] of numbers.entries()) this.#read(number, numbers[index + 1]);
    this.#first = (numbers[0] ?? 0) * rowsPerBlock;
  }

  /** Number of the first row that is kept. */
  get first(): number {
    return this.#first;
  }

  /** One more than the number of the last row. */
  get end(): number {
    return this.#end;
  }

  append(row: Uint8Array): number {
    const number = this.#end;
    const start = this.startOf(number);
    if (start === 0) this.#begin(Math.floor(number / rowsPerBlock));
    this.blockOf(number).bytes.set(row, start);
    // Written where it belongs: after a failed write (a full disk) the same place is written again.
    if (this.#file !== undefined) writeFully(this.#file, row, start);
    this.#end += 1;
    return number;
  }

  blockOf(number: number): RowBlock {
    return this.#blocks.get(Math.floor(number / rowsPerBlock))!;
  }

  startOf(number: number): number {
    return (number % rowsPerBlock) * this.rowBytes;
  }

  /** Forgets the rows from `number` on. */
  cut(number: number): void {
    if (number >= this.#end) return;
    const block = Math.floor(number / rowsPerBlock);
    for (const later of [...this.#blocks.keys()].filter((key) => key > block)) this.#remove(later);
    this.#end = number;
    if (this.#directory === undefined) return;
    this.#closeFile();
    this.#file = openSync(this.#path(block), 'r+');
    ftruncateSync(this.#file, this.startOf(number));
  }

  /** Frees blocks all of whose rows lie before `number`; the last block stays. */
  dropBefore(number: number): void {
    const last = Math.floor((this.#end - 1) / rowsPerBlock);
    for (const block of [...this.#blocks.keys()])
      if (block < last && (block + 1) * rowsPerBlock <= number) this.#remove(block);
    this.#first = Math.min(...this.#blocks.keys(), last) * rowsPerBlock;
    if (this.#end === 0) this.#first = 0;
  }

  sync(): void {
    if (this.#file !== undefined) fsyncSync(this.#file);
  }

  close(): void {
    this.#closeFile();
  }

  #begin(block: number): void {
    // Zeroed by the system page by page as it is filled.
    this.#blocks.set(block, rowBlock(new Uint8Array(rowsPerBlock * this.rowBytes)));
    if (this.#directory === undefined) return;
    this.#closeFile();
    this.#file = openSync(this.#path(block), 'w+');
  }

  #read(number: number, next: number | undefined): void {
    const file = openSync(this.#path(number), 'r+');
    const bytes = new Uint8Array(rowsPerBlock * this.rowBytes);
    const length = Math.min(fstatSync(file).size, bytes.length);
    for (let done = 0; done < length; ) {
      const read = readSync(file, bytes, done, length - done, done);
      if (read === 0) break;
      done += read;
    }
    const rows = Math.floor(length / this.rowBytes);
    this.#blocks.set(number, rowBlock(bytes));
    this.#end = number * rowsPerBlock + rows;
    if (next === undefined) {
      ftruncateSync(file, rows * this.rowBytes);
      bytes.fill(0, rows * this.rowBytes);
      this.#file = file;
      return;
    }
    closeSync(file);
    if (rows !== rowsPerBlock || next !== number + 1)
      throw new MoeError(
        'history-corrupt',
        `The history's file ${this.#path(number)} or the one after it is incomplete. Restore the folder, or delete it: the history is then built again from new certificates.`,
      );
  }

  #remove(block: number): void {
    this.#blocks.delete(block);
    if (this.#directory !== undefined) rmSync(this.#path(block), { force: true });
  }

  #closeFile(): void {
    if (this.#file === undefined) return;
    fsyncSync(this.#file);
    closeSync(this.#file);
    this.#file = undefined;
  }

  #path(block: number): string {
    return join(this.#directory!, `${String(block).padStart(8, '0')}.rows`);
  }
}

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
}
