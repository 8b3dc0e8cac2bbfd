import { decodeText } from '../files/decode-text.ts';
import { type InputItem, maxDatumBytes } from './input.ts';
import { readLines } from './read-lines.ts';

/** Texts of a file with one JSON object a line. */
export async function* readJsonl(
  stream: AsyncIterable<Uint8Array>,
  source: string,
  fields: { readonly text: string; readonly id: string | undefined },
): AsyncGenerator<InputItem, void> {
  for await (const { line, bytes } of readLines(stream, maxDatumBytes)) {
    const failed = (reason: string): InputItem => ({ kind: 'failed', source, line, reason });
    const decoded =
      bytes === undefined
        ? { reason: `is longer than ${maxDatumBytes / 1024 / 1024} MiB.` }
        : decodeText(bytes);
    if ('reason' in decoded) {
      yield failed(decoded.reason);
      continue;
    }
    if (decoded.text.trim() === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(decoded.text);
    } catch {
      yield failed('is not JSON.');
      continue;
    }
    if (row === null || typeof row !== 'object' || Array.isArray(row)) {
      yield failed('is JSON, but no object. Each line must be one like {"text": "…"}.');
      continue;
    }
    const text = own(row, fields.text);
    const id = fields.id === undefined ? `${source}:${line}` : own(row, fields.id);
    if (typeof text !== 'string')
      yield failed(
        text === undefined
          ? `has no field "${fields.text}", only ${Object.keys(row).slice(0, 8).join(', ') || 'none'}. Name it with --field.`
          : `has no text in "${fields.text}", but ${text === null ? 'null' : typeof text}.`,
      );
    else if (text.trim() === '') yield failed(`has an empty "${fields.text}".`);
    else if (typeof id !== 'string' && typeof id !== 'number')
      yield failed(`has no id in "${fields.id}" (a string or a number).`);
    else yield { kind: 'text', id: String(id), source, line, text };
  }
}

function own(row: object, field: string): unknown {
  return Object.hasOwn(row, field) ? (row as Record<string, unknown>)[field] : undefined;
}
