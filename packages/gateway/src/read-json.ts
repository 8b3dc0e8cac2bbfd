import { isUtf8 } from 'node:buffer';
import { MoeError, textOf } from '@market-of-experts/core';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

export interface JsonBounds {
  /** How deep arrays and objects may lie in one another. */
  readonly maxJsonDepth: number;
  /** How many values a body may hold in all. */
  readonly maxJsonValues: number;
}

/**
 * Reads JSON that came from outside. One pass over the bytes sees first how deep and how many its values are: a parser
 * takes a second for megabytes of brackets. Throws `invalid-json` or `input-too-large`.
 */
export function readJson(bytes: Buffer, bounds: JsonBounds): unknown {
  if (!isUtf8(bytes))
    throw new MoeError('invalid-json', 'The body is not UTF-8. Send JSON encoded as UTF-8, not binary data.');
  assertBounded(bytes, bounds);
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    throw new MoeError(
      'invalid-json',
      'The body is not valid JSON. Send an object like {"model": "text-embedding", "input": "some text"}.',
    );
  }
}

function assertBounded(bytes: Buffer, { maxJsonDepth, maxJsonValues }: JsonBounds): void {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < bytes.length; at += 1)
    switch (bytes[at]) {
      case quote:
        at = endOfString(bytes, at);
        break;
      case openBracket:
      case openBrace:
        depth += 1;
        values += 1;
        if (depth > maxJsonDepth)
          throw new MoeError(
            'invalid-json',
            `Arrays and objects of the body lie more than ${maxJsonDepth} deep in one another. No request here needs that.`,
          );
        break;
      case closeBracket:
      case closeBrace:
        depth -= 1;
        break;
      case comma:
        values += 1;
        if (values > maxJsonValues)
          throw new MoeError(
            'input-too-large',
            `The body has more than ${maxJsonValues} values. Send texts as strings, in several requests.`,
          );
    }
}

/** Where the string that begins at `start` ends. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) return at;
    if (byte === backslash) at += 1;
  }
  return bytes.length;
}
