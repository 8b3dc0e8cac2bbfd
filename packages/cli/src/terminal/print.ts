import { writable, writableJson } from './text.ts';

/** The one JSON object of `--json`. Amounts (bigint micro-credits) become decimal strings. */
export function printJson(value: unknown): void {
  process.stdout.write(`${writableJson(value)}\n`);
}

export function print(line = ''): void {
  process.stdout.write(`${writable(line)}\n`);
}

/** A line for people beside the output, on standard error. */
export function printAside(line: string): void {
  process.stderr.write(`${writable(line)}\n`);
}
