import type { AccountId, Amount, Hash } from '@market-of-experts/core';
import {
  type AccountProof,
  type Draft,
  emptyState,
  type LedgerState,
  StateTree,
  type TableName,
  tableNames,
  totalMicro,
} from '@market-of-experts/protocol';
import { FrozenRecords } from './frozen-records.ts';
import { yieldToEvents } from './yield-to-events.ts';

/** Records' worth of hashing between two turns of the event loop: a few milliseconds. */
const SLICE_RECORDS = 512;

/** A state with what is derived from it, which follows every commit at the cost of what the commit touched. */
export class TrackedState {
  readonly state: LedgerState;
  readonly #tree: StateTree;
  readonly #frozen = new Set<FrozenRecords>();
  #totalMicro: Amount | undefined;

  constructor(state: LedgerState) {
    this.state = state;
    this.#tree = new StateTree(state);
  }

  /** Makes the first root ready without holding up anything else for long. */
  async prepare(): Promise<void> {
    while (!this.#tree.advance(SLICE_RECORDS)) await yieldToEvents();
  }

  commit(draft: Draft): void {
    const touched = [...draft.touched()];
    for (const [table, key] of touched) {
      this.#tree.touch(table, key);
      for (const frozen of this.#frozen) frozen.before(table, key);
    }
    const before = this.#totalMicro === undefined ? 0n : this.#totalOf(touched);
    draft.commit();
    if (this.#totalMicro !== undefined) this.#totalMicro += this.#totalOf(touched) - before;
  }

  /** Number of records in all tables. */
  records(): number {
    return tableNames.reduce((sum, table) => sum + this.state[table].size, 0);
  }

  root(): Hash {
    return this.#tree.root();
  }

  proveAccount(account: AccountId): AccountProof {
    return this.#tree.proveAccount(account);
  }

  /** Counted from all records the first time, then from those that change. */
  totalMicro(): Amount {
    this.#totalMicro ??= totalMicro(this.state);
    return this.#totalMicro;
  }

  /** Calls `use` with the records as they are now, which hold still until it is done. */
  async frozen<Result>(use: (records: FrozenRecords) => Promise<Result>): Promise<Result> {
    const records = new FrozenRecords(this.state);
    this.#frozen.add(records);
    try {
      return await use(records);
    } finally {
      this.#frozen.delete(records);
    }
  }

  /** What these records hold: the protocol says what counts, of a state that has nothing else. */
  #totalOf(touched: readonly (readonly [TableName, string])[]): Amount {
    const part = emptyState() as { readonly [Name in TableName]: Map<string, unknown> };
    for (const [table, key] of touched) {
      const record = this.state[table].get(key);
      if (record !== undefined) part[table].set(key, record);
    }
    return totalMicro(part as LedgerState);
  }
}
