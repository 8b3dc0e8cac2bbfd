import { closeSync, existsSync, fstatSync, ftruncateSync, renameSync, rmSync } from 'node:fs';
import { usageError } from '../terminal/exit-codes.ts';
import { copyRows, indexLines, openFile, readAt, writeAll } from './append-file.ts';
import type { FileOutputInit } from './jsonl-output.ts';
import { littleEndian, npyHeader, npyHeaderBytes, readNpyHeader } from './npy-format.ts';
import { type EmbeddingOutput, inputOrder, rowFields, rowKey } from './output.ts';
import { dimensionsError, readRowRecord } from './row-record.ts';

/** The file beside a matrix that says which row is what: `vectors.npy` has `vectors.ids.jsonl`. */
export function idsPath(path: string): string {
  return path.replace(/(\.npy)?$/i, '.ids.jsonl');
}

/**
 * A NumPy matrix (float32, one row a text) with a JSONL file of what each row is. At every moment the matrix
 * is one that NumPy reads; a run that was killed between the two files loses at most the rows of one write.
 */
export function createNpyOutput(init: FileOutputInit): EmbeddingOutput {
  const { path } = init;
  const ids = idsPath(path);
  if (init.isFresh) for (const stale of [`${path}.tmp`, `${ids}.tmp`]) rmSync(stale, { force: true });
  else finishRenames(path, ids);
  const matrix = openFile(path, init.isFresh);
  const records = openFile(ids, init.isFresh);
  const close = (): void => {
    closeSync(matrix);
    closeSync(records);
  };
  const rowOf = new Map<string, number>();
  let dimensions: number | undefined;
  let starts = [0];
  const setRows = (rows: number): void => {
    if (dimensions !== undefined) writeAll(matrix, npyHeader(rows, dimensions), 0);
  };
  try {
    const bytes = fstatSync(matrix).size;
    if (bytes > 0) {
      const header = readNpyHeader(readAt(matrix, npyHeaderBytes, 0));
      if (header === undefined)
        throw usageError(
          `${path} was not written by \`moe embed\`, so it is left as it is. Name another --output, or start afresh with --overwrite.`,
        );
      dimensions = header.dimensions;
      const wholeRows = Math.floor((bytes - npyHeaderBytes) / (4 * dimensions));
      starts = indexLines(
        records,
        (line, number) =>
          rowOf.set(readRowRecord(line, `Line ${number} of ${ids}`, ids, init.model), number - 1),
        wholeRows,
      );
      ftruncateSync(matrix, npyHeaderBytes + (starts.length - 1) * 4 * dimensions);
      setRows(starts.length - 1);
    } else if (fstatSync(records).size > 0)
      throw usageError(`${ids} is there, but ${path} is not. Remove it, or start afresh with --overwrite.`);
  } catch (error) {
    close();
    throw error;
  }
  return {
    isOrdered: false,
    resumedRows: starts.length - 1,
    has: (key) => rowOf.has(key),
    async write(rows) {
      const vectors: Buffer[] = [];
      const lines: Buffer[] = [];
      const firstRow = starts.length - 1;
      const end = starts.at(-1)!;
      for (const row of rows) {
        dimensions ??= row.vector.length;
        if (row.vector.length !== dimensions) throw dimensionsError(path, dimensions, row.vector.length);
        vectors.push(littleEndian(row.vector));
        const line = Buffer.from(`${JSON.stringify(rowFields(row, init.withText))}\n`);
        lines.push(line);
        rowOf.set(rowKey(row.id, row.textHash), starts.length - 1);
        starts.push(starts.at(-1)! + line.length);
      }
      if (rows.length === 0) return;
      if (firstRow === 0) setRows(0);
      writeAll(matrix, Buffer.concat(vectors), npyHeaderBytes + firstRow * 4 * dimensions!);
      writeAll(records, Buffer.concat(lines), end);
      setRows(starts.length - 1);
    },
    async finish(keys) {
      const rows = starts.length - 1;
      const order = inputOrder(rowOf, rows, keys);
      if (order === undefined || dimensions === undefined) return;
      // Row 0 stands for the header here.
      const offsets = [
        0,
        ...Array.from({ length: rows + 1 }, (_, row) => npyHeaderBytes + row * 4 * dimensions!),
      ];
      copyRows(matrix, `${path}.tmp`, offsets, [0, ...order.map((row) => row + 1)]);
      copyRows(records, `${ids}.tmp`, starts, order);
      renameSync(`${path}.tmp`, path);
      renameSync(`${ids}.tmp`, ids);
    },
    close,
  };
}

/** A run may have been killed while it put its rows in order: see which of its two renames were done. */
function finishRenames(path: string, ids: string): void {
  if (existsSync(`${path}.tmp`)) {
    rmSync(`${ids}.tmp`, { force: true });
    rmSync(`${path}.tmp`);
  } else if (existsSync(`${ids}.tmp`)) renameSync(`${ids}.tmp`, ids);
}
