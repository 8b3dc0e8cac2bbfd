/**
 * The one place where values become JSON. Amounts (bigint micro-credits) are written as decimal strings,
 * since a JSON number loses digits above 2^53; their fields are named `…Micro`.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, writeBigint);
}

function writeBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
