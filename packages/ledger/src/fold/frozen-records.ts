import { type LedgerState, type TableName, tableNames } from '@market-of-experts/protocol';

/**
 * A state as it was when this was made, read while the state goes on changing: whoever changes it says so to
 * `before` first. Costs memory only for the records that change meanwhile; nothing is copied.
 */
export class FrozenRecords {
  readonly #state: LedgerState;
  /** Records as they were, of those that have changed since; undefined for one that was not there. */
  readonly #earlier = new Map<TableName, Map<string, unknown>>();

  constructor(state: LedgerState) {
    this.#state = state;
  }

  /** Must be called before a record is added, replaced or deleted. */
  before(table: TableName, key: string): void {
    const earlier = this.#earlier.get(table);
    if (earlier?.has(key) === true) return;
    const record = this.#state[table].get(key);
    if (earlier === undefined) this.#earlier.set(table, new Map([[key, record]]));
    else earlier.set(key, record);
  }

  /** All records, table by table. A record that changes after it was given may be given a second time, as it was. */
  *[Symbol.iterator](): Generator<readonly [TableName, string, unknown]> {
    for (const table of tableNames) {
      // A map's iterator goes on rightly while the map changes: it skips what is deleted and meets what is added.
      for (const [key, record] of this.#state[table])
        if (this.#earlier.get(table)?.has(key) !== true) yield [table, key, record];
      for (const [key, record] of this.#earlier.get(table) ?? [])
        if (record !== undefined) yield [table, key, record];
    }
  }
}
