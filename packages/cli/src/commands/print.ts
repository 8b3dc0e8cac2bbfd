/** The one JSON object of `--json`. Amounts (bigint micro-credits) become decimal strings. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, (_key, field) => (typeof field === 'bigint' ? field.toString() : field));
  process.stdout.write(`${text}\n`);
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}
