import { closeSync, renameSync, rmSync } from 'node:fs';
import { copyRows, indexLines, openFile, writeAll } from './append-file.ts';
import { type EmbeddedRow, type EmbeddingOutput, inputOrder, rowKey, rowLine } from './output.ts';
import { dimensionsError, readRowRecord } from './row-record.ts';

const vectorField = ',"embedding":';

export interface FileOutputInit {
  readonly path: string;
  readonly model: string;
  readonly withText: boolean;
  /** Forget what an earlier run left. */
  readonly isFresh: boolean;
}

/**
 * A JSONL file that grows row by row, in the order of the answers, and gets the order of the input at the end.
 * An earlier run's rows are kept; its torn last line is cut off.
 */
export function createJsonlOutput(init: FileOutputInit): EmbeddingOutput {
  const { path } = init;
  // What a run leaves that was killed while it put its rows in order.
  rmSync(`${path}.tmp`, { force: true });
  const file = openFile(path, init.isFresh);
  const rowOf = new Map<string, number>();
  let dimensions: number | undefined;
  let starts: number[];
  try {
    starts = indexLines(file, (line, number) => {
      // A vector is long to parse and not needed: only the fields before it are read.
      const end = line.lastIndexOf(vectorField);
      const key = readRowRecord(`${line.slice(0, end)}}`, `Line ${number} of ${path}`, path, init.model);
      dimensions ??= line.slice(end).split(',').length - 1;
      rowOf.set(key, number - 1);
    });
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return {
    isOrdered: false,
    resumedRows: starts.length - 1,
    has: (key) => rowOf.has(key),
    async write(rows: readonly EmbeddedRow[]) {
      const lines: Buffer[] = [];
      const end = starts.at(-1)!;
      for (const row of rows) {
        dimensions ??= row.vector.length;
        if (row.vector.length !== dimensions) throw dimensionsError(path, dimensions, row.vector.length);
        const bytes = Buffer.from(rowLine(row, init.withText));
        lines.push(bytes);
        rowOf.set(rowKey(row.id, row.textHash), starts.length - 1);
        starts.push(starts.at(-1)! + bytes.length);
      }
      writeAll(file, Buffer.concat(lines), end);
    },
    async finish(keys) {
      const order = inputOrder(rowOf, starts.length - 1, keys);
      if (order === undefined) return;
      const temporary = `${path}.tmp`;
      try {
        copyRows(file, temporary, starts, order);
        renameSync(temporary, path);
      } finally {
        rmSync(temporary, { force: true });
      }
    },
    close: () => closeSync(file),
  };
}
