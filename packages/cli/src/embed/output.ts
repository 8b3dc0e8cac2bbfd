import { createHash } from 'node:crypto';

/** A text with its vector, ready to be written. */
export interface EmbeddedRow {
  readonly id: string;
  readonly source: string;
  readonly line: number | undefined;
  readonly text: string;
  /** SHA-256 of the text, hex. */
  readonly textHash: string;
  readonly model: string;
  readonly receipt: string | undefined;
  readonly vector: Float32Array;
}

/** Where vectors go. What `write` has taken survives the end of the process, however it comes. */
export interface EmbeddingOutput {
  /** True where rows must come in the order of the input from the start. */
  readonly isOrdered: boolean;
  /** Rows that an earlier run left here. */
  readonly resumedRows: number;
  /** True for a text that is here already. */
  has(key: string): boolean;
  write(rows: readonly EmbeddedRow[]): Promise<void>;
  /** Puts the rows into the order of `keys`, those of the input; rows of other texts stay, before them. */
  finish(keys: readonly string[]): Promise<void>;
  close(): void;
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Short name of a text in its place: 96 bits of a hash, to hold a million in memory. */
export function rowKey(id: string, textHash: string): string {
  return createHash('sha256').update(`${id}\0${textHash}`).digest('base64').slice(0, 16);
}

/** What is known of a row beside its vector, with the names that it has in a file. */
export function rowFields(row: EmbeddedRow, withText: boolean): Record<string, unknown> {
  return {
    id: row.id,
    source: row.source,
    ...(row.line === undefined ? {} : { line: row.line }),
    ...(withText ? { text: row.text } : {}),
    model: row.model,
    textHash: row.textHash,
    ...(row.receipt === undefined ? {} : { receipt: row.receipt }),
  };
}

/** A row as one line of JSON, the vector last. Nine digits give back the same float32. */
export function rowLine(row: EmbeddedRow, withText: boolean): string {
  const fields = JSON.stringify(rowFields(row, withText));
  const numbers = Array.from(row.vector, (value) => Number(value.toPrecision(9)));
  return `${fields.slice(0, -1)},"embedding":${JSON.stringify(numbers)}}\n`;
}

/** Indexes of the rows at hand, in the order that `finish` promises; `undefined` if they have it already. */
export function inputOrder(
  rowOf: ReadonlyMap<string, number>,
  rows: number,
  keys: readonly string[],
): number[] | undefined {
  const wanted = keys.flatMap((key) => rowOf.get(key) ?? []);
  const isWanted = new Uint8Array(rows);
  for (const row of wanted) isWanted[row] = 1;
  const others = Array.from({ length: rows }, (_, row) => row).filter((row) => isWanted[row] === 0);
  const order = [...others, ...wanted];
  return order.every((row, index) => row === index) ? undefined : order;
}
