import type { LedgerState, LedgerView, Table } from './state.ts';

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

  commit(): void {
    for (const [key, value] of this.#changes)
      if (value === undefined) this.#base.delete(key);
      else this.#base.set(key, value);
    this.#changes.clear();
  }
}

export interface Draft extends LedgerView {
  /** Moves the changes into the state below. A draft that is dropped instead leaves no trace. */
  commit(): void;
}

/** A view on `state` that collects changes: for batches that may still fail, and for dry runs. */
export function draftOn(state: LedgerState): Draft {
  const tables = {
    network: new DraftTable(state.network),
    accounts: new DraftTable(state.accounts),
    prepaid: new DraftTable(state.prepaid),
    experts: new DraftTable(state.experts),
    validators: new DraftTable(state.validators),
    markets: new DraftTable(state.markets),
    equivocations: new DraftTable(state.equivocations),
  };
  return {
    ...tables,
    commit: () => {
      for (const table of Object.values(tables)) table.commit();
    },
  };
}
