import { type TableName, tableNames } from './records.ts';
import type { LedgerState, StateView, Table } from './state.ts';

/** Changes laid over a table that stays as it is until they are committed. */
class DraftTable<Value> implements Table<Value> {
  readonly #base: Map<string, Value>;
  readonly #changes = new Map<string, Value | undefined>();

  constructor(base: Map<string, Value>) {
    this.#base = base;
  }

  get(key: string): Value | undefined {
    const changed = this.#changes.get(key);
    if (changed !== undefined) return changed;
    return this.#changes.has(key) ? undefined : this.#base.get(key);
  }

  set(key: string, value: Value): void {
    this.#changes.set(key, value);
  }

  delete(key: string): void {
    this.#changes.set(key, undefined);
  }

  /** What is there when the loop begins: rules change tables while they walk them. */
  entries(): readonly (readonly [string, Value])[] {
    const found: (readonly [string, Value])[] = [];
    for (const entry of this.#base) if (!this.#changes.has(entry[0])) found.push(entry);
    for (const [key, value] of this.#changes) if (value !== undefined) found.push([key, value]);
    return found;
  }

  touched(): Iterable<string> {
    return this.#changes.keys();
  }

  commit(): void {
    for (const [key, value] of this.#changes)
      if (value === undefined) this.#base.delete(key);
      else this.#base.set(key, value);
    this.#changes.clear();
  }
}

export interface Draft extends StateView {
  /** Every record that was set or deleted since the last commit, each once, even if it is as it was. */
  touched(): Iterable<readonly [TableName, string]>;
  /** Moves the changes into the state below. A draft that is dropped instead leaves no trace. */
  commit(): void;
}

/** A view on `state` that collects changes: for batches that may still fail, and for dry runs. */
export function draftOn(state: LedgerState): Draft {
  const tables = tableNames.map((name) => [name, new DraftTable<unknown>(state[name])] as const);
  return {
    ...(Object.fromEntries(tables) as unknown as StateView),
    touched: function* () {
      for (const [name, table] of tables) for (const key of table.touched()) yield [name, key] as const;
    },
    commit: () => {
      for (const [, table] of tables) table.commit();
    },
  };
}
