import type { StakeTarget } from '../../fields/fields.ts';
import { type Table, targetKey } from './state.ts';

/** Records (those to `keep`) in the order of their keys: what a rule does must not depend on how a map was filled. */
export function sortedEntries<Value>(
  table: Pick<Table<Value>, 'entries'>,
  keep: (value: Value, key: string) => boolean = () => true,
): (readonly [string, Value])[] {
  const kept: (readonly [string, Value])[] = [];
  for (const entry of table.entries()) if (keep(entry[1], entry[0])) kept.push(entry);
  return kept.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The records that belong to one target, in the order of their keys. */
export function recordsOf<Value>(
  table: Pick<Table<Value>, 'entries'>,
  target: StakeTarget,
): (readonly [string, Value])[] {
  const prefix = `${targetKey(target)}/`;
  return sortedEntries(table, (_, key) => key.startsWith(prefix));
}
