/** One text to embed, or why there is none. */
export type InputItem =
  | {
      readonly kind: 'text';
      /** What the user calls it: given by a field or column, else `source` or `source:line`. */
      readonly id: string;
      readonly source: string;
      readonly line: number | undefined;
      readonly text: string;
    }
  | Problem;

/** Input that gives no text. What is `failed` was meant to; what is `skipped` never was (a picture in a folder). */
export interface Problem {
  readonly kind: 'failed' | 'skipped';
  readonly source: string;
  readonly line: number | undefined;
  readonly reason: string;
}

export type TextSplit = 'whole' | 'lines' | 'paragraphs';
export type InputFormat = 'text' | 'jsonl' | 'csv';

export interface InputOptions {
  /** Format of every input; default: by the file's extension. */
  readonly format: InputFormat | undefined;
  /** How text files are cut; default: files whole, standard input by lines. */
  readonly split: TextSplit | undefined;
  /** Field of a JSONL object that holds the text. */
  readonly field: string;
  /** Column of a CSV file that holds the text; default: `text`, or the only column. */
  readonly column: string | undefined;
  /** Field or column that holds the id. */
  readonly idField: string | undefined;
  readonly delimiter: string | undefined;
  /** Extensions that are read in folders, without the dot; default: all. */
  readonly extensions: readonly string[] | undefined;
  /** Absolute paths that are never read: what this run writes. */
  readonly excluded: ReadonlySet<string>;
}

/** Longest line, row, paragraph or whole file that is held in memory. */
export const maxDatumBytes = 8 * 1024 * 1024;

export function place(item: { readonly source: string; readonly line: number | undefined }): string {
  return item.line === undefined ? item.source : `${item.source}:${item.line}`;
}
