import { closeSync, openSync, readSync } from 'node:fs';
import { usageError } from '../terminal/exit-codes.ts';
import { decodeText } from './decode-text.ts';
import { fileTrouble } from './file-trouble.ts';

/** Text of a file that a person named. Throws a usage error if it cannot be read or is larger than `maxBytes`. */
export function readSmallFile(path: string, maxBytes: number): string {
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (let read = -1; read !== 0 && length <= maxBytes; length += read)
        read = readSync(file, buffer, length, buffer.length - length, null);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw usageError(`${path} cannot be read: ${fileTrouble(error)}.`);
  }
  if (length > maxBytes)
    throw usageError(`${path} is larger than ${maxBytes} bytes: that is not what is asked for.`);
  return asText(buffer.subarray(0, length), path);
}

/** The same from standard input. */
export async function readSmallInput(maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length > maxBytes)
      throw usageError(`Standard input holds more than ${maxBytes} bytes: that is not what is asked for.`);
  }
  return asText(Buffer.concat(parts), 'Standard input');
}

function asText(bytes: Uint8Array, source: string): string {
  const decoded = decodeText(bytes);
  if ('reason' in decoded) throw usageError(`${source} ${decoded.reason}`);
  return decoded.text;
}
