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
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { damagedHistory } from './history-folder.ts';
import { type RowBlock, rowBlock } from './row-layout.ts';

/** Rows in one block and in one file. */
export const rowsPerBlock = 8_192;

export interface RowStoreInit {
  readonly rowBytes: number;
  /** Folder of the files; without it rows are kept in memory only. */
  readonly directory: string | undefined;
}

/**
 * Rows of one size, numbered in the order in which they came, appended at the end and dropped at the beginning. Each is
 * written to its file at once, so that a killed process loses none, and synced by {@link RowStore.sync}. What a crash
 * left of an unfinished row is cut off at the next start. All come to be in memory, but opening does not wait for that:
 * the blocks are read in the background, and until then a row is read from its file when it is asked for.
 */
export class RowStore {
  readonly rowBytes: number;
  readonly #directory: string | undefined;
  readonly #blocks = new Map<number, RowBlock>();
  /** Open files of the blocks that are not in memory yet. */
  readonly #unread = new Map<number, number>();
  #first = 0;
  #end = 0;
  /** The file of the last block. */
  #file: number | undefined;
  #isSound: (block: RowBlock, start: number) => boolean = () => true;

  constructor({ rowBytes, directory }: RowStoreInit) {
    this.rowBytes = rowBytes;
    this.#directory = directory;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    const numbers = readdirSync(directory)
      .flatMap((name) => (/^\d{8}\.rows$/.test(name) ? [Number(name.slice(0, 8))] : []))
      .sort((a, b) => a - b);
    for (const [index, number] of numbers.entries()) this.#open(number, numbers[index + 1]);
    this.#first = (numbers[0] ?? 0) * rowsPerBlock;
    void this.#readAhead();
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
    this.#blocks.get(Math.floor(number / rowsPerBlock))!.bytes.set(row, start);
    // Written where it belongs: after a failed write (a full disk) the same place is written again.
    if (this.#file !== undefined) writeFully(this.#file, row, start);
    this.#end += 1;
    return number;
  }

  /** Where a row is, for the functions of the layout: bytes, and the place in them at which the row begins. */
  place(number: number): [RowBlock, number] {
    const block = Math.floor(number / rowsPerBlock);
    const held = this.#blocks.get(block);
    if (held !== undefined) return [held, this.startOf(number)];
    const row = rowBlock(new Uint8Array(this.rowBytes));
    readFully(this.#unread.get(block)!, row.bytes, this.rowBytes, this.startOf(number));
    this.#check(row, block, 1);
    return [row, 0];
  }

  /** From now on every row is checked as it comes from its file, and those that did already. Throws `history-corrupt`. */
  checkWith(isSound: (block: RowBlock, start: number) => boolean): void {
    this.#isSound = isSound;
    for (const [number, block] of this.#blocks)
      this.#check(block, number, Math.min(rowsPerBlock, this.#end - number * rowsPerBlock));
  }

  #check(block: RowBlock, number: number, rows: number): void {
    for (let row = 0; row < rows; row += 1)
      if (!this.#isSound(block, row * this.rowBytes))
        throw damagedHistory(this.#path(number), 'a record in it has changed');
  }

  /** Reads the row's block now: for those who go through rows one after the other. */
  hold(number: number): void {
    const block = Math.floor(number / rowsPerBlock);
    const file = this.#unread.get(block);
    if (file === undefined) return;
    const bytes = new Uint8Array(rowsPerBlock * this.rowBytes);
    readFully(file, bytes, bytes.length, 0);
    this.#hold(block, bytes);
  }

  startOf(number: number): number {
    return (number % rowsPerBlock) * this.rowBytes;
  }

  /** Forgets the rows from `number` on. */
  cut(number: number): void {
    if (number >= this.#end) return;
    const block = Math.floor(number / rowsPerBlock);
    this.hold(number);
    for (const later of this.#numbers().filter((key) => key > block)) this.#remove(later);
    this.#end = number;
    if (this.#directory === undefined) return;
    this.#closeFile();
    this.#file = openSync(this.#path(block), 'r+');
    ftruncateSync(this.#file, this.startOf(number));
  }

  /** Frees blocks all of whose rows lie before `number`; the last block stays. */
  dropBefore(number: number): void {
    const last = Math.floor((this.#end - 1) / rowsPerBlock);
    for (const block of this.#numbers())
      if (block < last && (block + 1) * rowsPerBlock <= number) this.#remove(block);
    this.#first = Math.min(...this.#numbers(), last) * rowsPerBlock;
    if (this.#end === 0) this.#first = 0;
  }

  sync(): void {
    if (this.#file !== undefined) fsyncSync(this.#file);
  }

  close(): void {
    this.#closeFile();
    for (const block of [...this.#unread.keys()]) this.#forgetFile(block);
  }

  #begin(block: number): void {
    // Zeroed by the system page by page as it is filled.
    this.#blocks.set(block, rowBlock(new Uint8Array(rowsPerBlock * this.rowBytes)));
    if (this.#directory === undefined) return;
    this.#closeFile();
    this.#file = openSync(this.#path(block), 'w+');
  }

  #open(number: number, next: number | undefined): void {
    const file = openSync(this.#path(number), 'r+');
    const rows = Math.min(rowsPerBlock, Math.floor(fstatSync(file).size / this.rowBytes));
    this.#end = number * rowsPerBlock + rows;
    this.#unread.set(number, file);
    if (next === undefined) {
      // Rows are appended to the last one.
      ftruncateSync(file, rows * this.rowBytes);
      this.hold(number * rowsPerBlock);
      this.#file = openSync(this.#path(number), 'r+');
    } else if (rows !== rowsPerBlock || next !== number + 1) {
      this.close();
      throw damagedHistory(this.#path(number), 'it or the one after it is incomplete');
    }
  }

  /** The newest first: they are asked for most. */
  async #readAhead(): Promise<void> {
    for (const block of [...this.#unread.keys()].reverse()) {
      if (!this.#unread.has(block)) continue;
      const bytes = new Uint8Array(rowsPerBlock * this.rowBytes);
      try {
        const file = await open(this.#path(block), 'r');
        try {
          const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
          if (bytesRead === bytes.length && this.#unread.has(block)) this.#hold(block, bytes);
        } finally {
          await file.close();
        }
      } catch {
        // It was dropped meanwhile, or cannot be read: then whoever asks for one of its rows is told.
      }
    }
  }

  #hold(block: number, bytes: Uint8Array): void {
    const rows = rowBlock(bytes);
    this.#check(rows, block, Math.min(rowsPerBlock, this.#end - block * rowsPerBlock));
    this.#blocks.set(block, rows);
    this.#forgetFile(block);
  }

  #forgetFile(block: number): void {
    const file = this.#unread.get(block);
    if (file === undefined) return;
    this.#unread.delete(block);
    closeSync(file);
  }

  #numbers(): number[] {
    return [...this.#blocks.keys(), ...this.#unread.keys()];
  }

  #remove(block: number): void {
    this.#blocks.delete(block);
    this.#forgetFile(block);
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

/** What lies beyond the end of the file stays as it is. */
function readFully(file: number, bytes: Uint8Array, length: number, position: number): void {
  for (let done = 0; done < length; ) {
    const read = readSync(file, bytes, done, length - done, position + done);
    if (read === 0) return;
    done += read;
  }
}
