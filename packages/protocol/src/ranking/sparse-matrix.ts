/**
 * Rows of sparse matrices as typed arrays: a dense epoch of 4,096 nodes and 256 validators has a million entries,
 * and an object for each would cost more than the epoch.
 */
import { invalidInput, nameOf } from './invalid-input.ts';

/** Row `i` holds `uids[k] → values[k]` for `starts[i] ≤ k < starts[i + 1]`, uids ascending, none twice. */
export interface SparseMatrix {
  readonly starts: Uint32Array;
  readonly uids: Uint16Array;
  readonly values: Float64Array;
}

/** One row: pairs of a uid and its value. */
export type SparseRow = readonly (readonly [uid: number, value: number])[];

/** All rows by uid: a list of n rows, or an object whose missing keys are empty rows. */
export type SparseRows = readonly SparseRow[] | { readonly [uid: number]: SparseRow };

/** Collects a matrix row by row. Entries must come in ascending order of uid within a row. */
export interface MatrixBuilder {
  add(uid: number, value: number): void;
  endRow(): void;
  /** The finished matrix; the builder must not be used after. */
  finish(): SparseMatrix;
}

/** @param capacity - the most entries that will be added. */
export function matrixBuilder(rows: number, capacity: number): MatrixBuilder {
  const starts = new Uint32Array(rows + 1);
  const uids = new Uint16Array(capacity);
  const values = new Float64Array(capacity);
  let row = 0;
  let length = 0;
  return {
    add(uid, value) {
      uids[length] = uid;
      values[length] = value;
      length += 1;
    },
    endRow() {
      row += 1;
      starts[row] = length;
    },
    finish: () => ({ starts, uids: uids.subarray(0, length), values: values.subarray(0, length) }),
  };
}

/** The rows as lists of pairs, each value passed through `convert`. */
export function rowsOf(matrix: SparseMatrix, convert: (value: number) => number): [number, number][][] {
  const rows: [number, number][][] = [];
  for (let i = 0; i + 1 < matrix.starts.length; i += 1) {
    const row: [number, number][] = [];
    for (let k = matrix.starts[i]!; k < matrix.starts[i + 1]!; k += 1)
      row.push([matrix.uids[k]!, convert(matrix.values[k]!)]);
    rows.push(row);
  }
  return rows;
}

/** Checks and packs the u16 rows of a caller. Errors: `invalid-ranking-input`. */
export function packRows(rows: SparseRows | SparseMatrix, n: number, what: string): SparseMatrix {
  if (isSparseMatrix(rows)) return checkedMatrix(rows, n, what);
  if (Array.isArray(rows) && rows.length !== n)
    throw invalidInput(`${what} has ${rows.length} rows; give one for each of the ${n} uids.`);
  if (!Array.isArray(rows))
    for (const key of Object.keys(rows))
      if (!(Number(key) >= 0 && Number(key) < n && Number.isInteger(Number(key))))
        throw invalidInput(`${what} has a row for "${key}"; uids run from 0 to ${n - 1}.`);
  const byUid = rows as { readonly [uid: number]: SparseRow | undefined };
  let capacity = 0;
  for (let i = 0; i < n; i += 1) capacity += byUid[i]?.length ?? 0;
  const starts = new Uint32Array(n + 1);
  const uids = new Uint16Array(capacity);
  const values = new Float64Array(capacity);
  let length = 0;
  for (let i = 0; i < n; i += 1) {
    const row = ascending(byUid[i] ?? []);
    let before = -1;
    for (let k = 0; k < row.length; k += 1) {
      const [uid, value] = row[k]!;
      checkEntry(uid, value, before, n, `Row ${i} of ${what}`);
      uids[length] = uid;
      values[length] = value;
      length += 1;
      before = uid;
    }
    starts[i + 1] = length;
  }
  return { starts, uids, values };
}

function ascending(row: SparseRow): SparseRow {
  for (let k = 1; k < row.length; k += 1)
    if (row[k - 1]![0] > row[k]![0]) return [...row].sort((a, b) => a[0] - b[0]);
  return row;
}

function isSparseMatrix(rows: SparseRows | SparseMatrix): rows is SparseMatrix {
  return !Array.isArray(rows) && (rows as SparseMatrix).starts instanceof Uint32Array;
}

function checkedMatrix(matrix: SparseMatrix, n: number, what: string): SparseMatrix {
  const { starts, uids, values } = matrix;
  if (starts.length !== n + 1 || starts[n] !== uids.length || uids.length !== values.length)
    throw invalidInput(`${what} has sizes that differ; give ${n + 1} starts and as many uids as values.`);
  for (let i = 0; i < n; i += 1) {
    if (starts[i]! > starts[i + 1]!) throw invalidInput(`The starts of ${what} must not fall.`);
    for (let k = starts[i]!, before = -1; k < starts[i + 1]!; k += 1) {
      checkEntry(uids[k]!, values[k]!, before, n, `Row ${i} of ${what}`);
      before = uids[k]!;
    }
  }
  return matrix;
}

function checkEntry(uid: number, value: number, before: number, n: number, where: string): void {
  if (!(uid >= 0 && uid < n && Number.isInteger(uid)))
    throw invalidInput(`${where} names uid ${nameOf(uid)}; uids run from 0 to ${n - 1}.`);
  if (uid === before) throw invalidInput(`${where} names uid ${uid} twice; give each uid once.`);
  if (uid < before) throw invalidInput(`${where} is not in ascending order of uid.`);
  if (!(value >= 0 && value <= 65_535 && Number.isInteger(value)))
    throw invalidInput(
      `${where} gives uid ${uid} the value ${nameOf(value)}; it must be a whole number from 0 to 65535.`,
    );
}
