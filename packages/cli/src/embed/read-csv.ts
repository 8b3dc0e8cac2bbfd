import type { Readable } from 'node:stream';
import { messageOf } from '@market-of-experts/core';
import { CsvError, parse } from 'csv-parse';
import { usageError } from '../terminal/exit-codes.ts';
import { type InputItem, maxDatumBytes } from './input.ts';

export interface CsvFields {
  /** Default: `text`, or the only column. */
  readonly column: string | undefined;
  readonly id: string | undefined;
  readonly delimiter: string;
}

/**
 * Texts of one column of a CSV file with a header (RFC 4180: quoted fields may hold newlines). A bad row is a
 * failure of its own; a missing column ends the run, since every row would fail.
 */
export async function* readCsv(
  stream: Readable,
  source: string,
  fields: CsvFields,
): AsyncGenerator<InputItem, void> {
  let bad: InputItem[] = [];
  const parser = parse({
    bom: true,
    delimiter: fields.delimiter,
    info: true,
    max_record_size: maxDatumBytes,
    raw: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      bad.push(failure(source, error));
    },
  });
  stream.on('error', (error) => parser.destroy(error));
  stream.pipe(parser);
  let header: readonly string[] | undefined;
  let textIndex = 0;
  let idIndex: number | undefined;
  try {
    for await (const record of parser) {
      const row: readonly string[] = record.record;
      const line = firstLine(record.raw, record.info.lines);
      if (header === undefined) {
        header = row.map((name) => name.trim());
        textIndex = textColumn(header, fields.column, source);
        idIndex = fields.id === undefined ? undefined : namedColumn(header, fields.id, source, '--id');
        continue;
      }
      yield* bad;
      bad = [];
      const text = row[textIndex] ?? '';
      const id = idIndex === undefined ? `${source}:${line}` : (row[idIndex] ?? '');
      if (text.trim() === '')
        yield { kind: 'failed', source, line, reason: `has nothing in "${header[textIndex]}".` };
      else if (id === '') yield { kind: 'failed', source, line, reason: `has nothing in "${fields.id}".` };
      else yield { kind: 'text', id, source, line, text };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    bad.push(failure(source, error));
  } finally {
    parser.destroy();
  }
  yield* bad;
}

/** A row may span lines: the parser tells the last. */
function firstLine(raw: string, lastLine: number): number {
  const row = raw.replace(/^[\r\n]+|[\r\n]+$/g, '');
  return lastLine - (row.match(/\r\n|\n|\r/g)?.length ?? 0);
}

function failure(source: string, error: unknown): InputItem {
  const line = error instanceof CsvError && typeof error.lines === 'number' ? error.lines : undefined;
  return { kind: 'failed', source, line, reason: `is no good CSV: ${messageOf(error)}` };
}

function textColumn(header: readonly string[], wanted: string | undefined, source: string): number {
  if (wanted !== undefined) return namedColumn(header, wanted, source, '--column');
  if (header.length === 1) return 0;
  const index = header.findIndex((name) => name.toLowerCase() === 'text');
  if (index === -1)
    throw usageError(
      `Which column of ${source} holds the text? Name it with --column: ${header.join(', ')}.`,
    );
  return index;
}

function namedColumn(header: readonly string[], name: string, source: string, option: string): number {
  const index = header.indexOf(name);
  if (index === -1)
    throw usageError(
      `${source} has no column "${name}". Give ${option} one of: ${header.slice(0, 20).join(', ')}.`,
    );
  return index;
}
