/** A line of a stream: its number from 1, and its bytes, or `undefined` if it was longer than the limit. */
export interface Line {
  readonly line: number;
  readonly bytes: Uint8Array | undefined;
}

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Cuts a stream at newlines (LF or CRLF), holding at most `maxBytes` of a line. */
export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Line, void> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let line = 1;
  const add = (part: Uint8Array): void => {
    length += part.length;
    if (length <= maxBytes) parts.push(part);
    else parts = [];
  };
  const take = (): Line => {
    const bytes = length > maxBytes ? undefined : withoutReturn(Buffer.concat(parts));
    parts = [];
    length = 0;
    line += 1;
    return { line: line - 1, bytes };
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    // The stream may use its buffer again.
    if (start < chunk.length) add(Uint8Array.from(chunk.subarray(start)));
  }
  if (length > 0) yield take();
}

function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
}
