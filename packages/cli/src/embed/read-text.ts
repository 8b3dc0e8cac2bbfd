import { decodeText } from '../files/decode-text.ts';
import { type InputItem, maxDatumBytes, type TextSplit } from './input.ts';
import { readLines } from './read-lines.ts';

const tooLong = `is longer than ${maxDatumBytes / 1024 / 1024} MiB. Split it: see --lines and --paragraphs.`;

/** Texts of a text file. Blank lines and blank paragraphs hold none. */
export function readText(
  stream: AsyncIterable<Uint8Array>,
  source: string,
  split: TextSplit,
): AsyncGenerator<InputItem, void> {
  if (split === 'lines') return lines(stream, source);
  return split === 'paragraphs' ? paragraphs(stream, source) : whole(stream, source);
}

async function* whole(stream: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<InputItem, void> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > maxDatumBytes) {
      yield { kind: 'failed', source, line: undefined, reason: tooLong };
      return;
    }
    parts.push(part);
  }
  const decoded = decodeText(Buffer.concat(parts));
  if ('reason' in decoded) yield { kind: 'failed', source, line: undefined, reason: decoded.reason };
  else if (decoded.text.trim() === '')
    yield { kind: 'skipped', source, line: undefined, reason: 'is empty.' };
  else yield { kind: 'text', id: source, source, line: undefined, text: decoded.text.trim() };
}

async function* lines(stream: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<InputItem, void> {
  for await (const { line, bytes } of readLines(stream, maxDatumBytes)) {
    const decoded = bytes === undefined ? { reason: tooLong } : decodeText(bytes);
    if ('reason' in decoded) yield { kind: 'failed', source, line, reason: decoded.reason };
    else if (decoded.text.trim() !== '')
      yield { kind: 'text', id: `${source}:${line}`, source, line, text: decoded.text.trim() };
  }
}

/** A paragraph ends at a blank line; its line is that of its first. */
async function* paragraphs(
  stream: AsyncIterable<Uint8Array>,
  source: string,
): AsyncGenerator<InputItem, void> {
  let held: string[] = [];
  let firstLine = 0;
  let length = 0;
  let reason: string | undefined;
  function* flush(): Generator<InputItem, void> {
    if (reason !== undefined) yield { kind: 'failed', source, line: firstLine, reason };
    else if (held.length > 0)
      yield {
        kind: 'text',
        id: `${source}:${firstLine}`,
        source,
        line: firstLine,
        text: held.join('\n').trim(),
      };
    held = [];
    length = 0;
    reason = undefined;
  }
  for await (const { line, bytes } of readLines(stream, maxDatumBytes)) {
    const decoded = bytes === undefined ? { reason: tooLong } : decodeText(bytes);
    if ('text' in decoded && decoded.text.trim() === '') {
      yield* flush();
      continue;
    }
    if (held.length === 0 && reason === undefined) firstLine = line;
    length += bytes?.length ?? 0;
    if ('reason' in decoded) reason ??= decoded.reason;
    else if (length > maxDatumBytes) reason ??= tooLong;
    else held.push(decoded.text);
  }
  yield* flush();
}
