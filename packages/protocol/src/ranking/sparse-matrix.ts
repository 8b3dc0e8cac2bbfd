/**
 * Rows of sparse matrices as typed arrays: a dense epoch of 4,096 nodes and 256 validators has a million entries,
 * and an object for each would cost more than the epoch.
 */
import { invalidInput, nameOf } from './invalid-input.ts';

/**
 * u16 rows: row `i` holds `uids[k] → values[k]` for `starts[i] ≤ k < starts[i + 1]`, uids ascending, none twice.
 */
export interface SparseMatrix {
  readonly starts: Uint32Array;
  readonly uids: Uint16Array;
  readonly values: Uint16Array;
}

/** Rows of the same form in fixed point: what an epoch computes with. */
export interface FixedMatrix {
  readonly starts: Uint32Array;
  readonly uids: Uint16Array;
  readonly values: Float64Array;
}

/** One row: pairs of a uid and its value. */
export type SparseRow = readonly (readonly [uid: number, value: number])[];

/** All rows by uid: a list of n rows, or an object whose missing keys are empty rows. */
export type SparseRows = readonly SparseRow[] | { readonly [uid: number]: SparseRow };

/** Sum of each of n columns. */
export function columnSums({ starts, uids, values }: SparseMatrix | FixedMatrix, n: number): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i + 1 < starts.length; i += 1) addRow(sums, uids, values, starts[i]!, starts[i + 1]!);
  return sums;
}

/*
 * Here and in the other matrix steps the loop over the entries of a row is a function of its own: one epoch calls it
 * for every row, so the engine compiles it well in the first epoch. A loop over the whole matrix runs once an epoch
 * and stays in slow code for long.
 */
function addRow(
  sums: Float64Array,
  uids: Uint16Array,
  values: Uint16Array | Float64Array,
  from: number,
  to: number,
): void {
  for (let k = from; k < to; k += 1) sums[uids[k]!] = sums[uids[k]!]! + values[k]!;
}

/** The rows as lists of pairs, each value passed through `convert`. */
export function rowsOf(
  matrix: SparseMatrix | FixedMatrix,
  convert: (value: number) => number,
): [number, number][][] {
  const rows: [number, number][][] = [];
  for (let i = 0; i + 1 < matrix.starts.length; i += 1) {
    const row: [number, number][] = [];
    for (let k = matrix.starts[i]!; k < matrix.starts[i + 1]!; k += 1)
      row.push([matrix.uids[k]!, convert(matrix.values[k]!)]);
    rows.push(row);
  }
  return rows;
}

/**
 * Checks and packs u16 rows of n uids; a packed matrix is only checked. `what` names it in errors.
 * Errors: `invalid-ranking-input`.
 */
export function packRows(rows: SparseRows | SparseMatrix, n: number, what = 'the matrix'): SparseMatrix {
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
  const values = new Uint16Array(capacity);
  let length = 0;
  for (let i = 0; i < n; i += 1) {
    const row = byUid[i];
    if (row !== undefined) {
      packRow(row, uids, values, length, n, `Row ${i} of ${what}`);
      length += row.length;
    }
    starts[i + 1] = length;
  }
  return { starts, uids, values };
}

function packRow(
  row: SparseRow,
  uids: Uint16Array,
  values: Uint16Array,
  offset: number,
  n: number,
  where: string,
): void {
  let before = -1;
  for (let k = 0; k < row.length; k += 1) {
    const entry = row[k]!;
    const uid = entry[0];
    const value = entry[1];
    if (uid < before) {
      packRow(
        [...row].sort((a, b) => a[0] - b[0]),
        uids,
        values,
        offset,
        n,
        where,
      );
      return;
    }
    if (!isEntry(uid, value, before, n)) throw entryError(uid, value, before, n, where);
    uids[offset + k] = uid;
    values[offset + k] = value;
    before = uid;
  }
}

function isSparseMatrix(rows: SparseRows | SparseMatrix): rows is SparseMatrix {
  return !Array.isArray(rows) && (rows as SparseMatrix).starts instanceof Uint32Array;
}

function checkedMatrix(matrix: SparseMatrix, n: number, what: string): SparseMatrix {
  const { starts, uids, values } = matrix;
  if (!(uids instanceof Uint16Array && values instanceof Uint16Array))
    throw invalidInput(`${what} must hold its uids and values in Uint16Arrays.`);
  if (
    starts.length !== n + 1 ||
    starts[0] !== 0 ||
    starts[n] !== uids.length ||
    uids.length !== values.length
  )
    throw invalidInput(`${what} has sizes that differ; give ${n + 1} starts and as many uids as values.`);
  for (let i = 0; i < n; i += 1) {
    if (starts[i]! > starts[i + 1]!) throw invalidInput(`The starts of ${what} must not fall.`);
    const k = firstMisplaced(uids, starts[i]!, starts[i + 1]!, n);
    if (k >= 0)
      throw entryError(uids[k]!, values[k]!, k === starts[i] ? -1 : uids[k - 1]!, n, `Row ${i} of ${what}`);
  }
  return matrix;
}

/** Where the uids of a row stop ascending or pass n; −1 if nowhere. */
function firstMisplaced(uids: Uint16Array, from: number, to: number, n: number): number {
  let before = -1;
  for (let k = from; k < to; k += 1) {
    const uid = uids[k]!;
    if (uid <= before || uid >= n) return k;
    before = uid;
  }
  return -1;
}

function isEntry(uid: number, value: number, before: number, n: number): boolean {
  return (
    uid > before &&
    uid < n &&
    Number.isInteger(uid) &&
    value >= 0 &&
    value <= 65_535 &&
    Number.isInteger(value)
  );
}

function entryError(uid: number, value: number, before: number, n: number, where: string): Error {
  if (!(uid >= 0 && uid < n && Number.isInteger(uid)))
    return invalidInput(`${where} names uid ${nameOf(uid)}; uids run from 0 to ${n - 1}.`);
  if (uid === before) return invalidInput(`${where} names uid ${uid} twice; give each uid once.`);
  if (uid < before) return invalidInput(`${where} is not in ascending order of uid.`);
  return invalidInput(
    `${where} gives uid ${uid} the value ${nameOf(value)}; it must be a whole number from 0 to 65535.`,
  );
}
