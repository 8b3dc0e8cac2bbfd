import { encode } from '@market-of-experts/core';
import { applyTransaction } from './apply.ts';
import { draftOn } from './state/draft.ts';
import type { TableName } from './state/records.ts';
import type { LedgerState } from './state/state.ts';
import type { Applied, Refused } from './transaction/outcome.ts';
import type { Transaction } from './transaction/transaction.ts';

/** One record that a transaction adds (no `before`), replaces, or deletes (no `after`). */
export type RecordChange = {
  readonly [Name in TableName]: {
    readonly table: Name;
    readonly key: string;
    readonly before?: NonNullable<ReturnType<LedgerState[Name]['get']>>;
    readonly after?: NonNullable<ReturnType<LedgerState[Name]['get']>>;
  };
}[TableName];

/** What a transaction would do now. */
export interface Preview {
  readonly outcome: Applied | Refused;
  /** Sorted by table and key; empty if it would be refused. */
  readonly changes: readonly RecordChange[];
}

/**
 * Dry run: what `tx` would change if it were applied to `state` next, by the rules themselves. Signatures are
 * not looked at, so it can be shown before anything is signed. Leaves the state as it is.
 */
export function previewTransaction(state: LedgerState, tx: Transaction): Preview {
  const draft = draftOn(state);
  const outcome = applyTransaction(draft, tx);
  if (!outcome.applied) return { outcome, changes: [] };
  const changes = [...draft.touched()].flatMap(([table, key]): RecordChange[] => {
    const before = state[table].get(key);
    const after = draft[table].get(key);
    if (isSame(before, after)) return [];
    const change = {
      table,
      key,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    };
    return [change as RecordChange];
  });
  changes.sort((a, b) => (a.table === b.table ? compare(a.key, b.key) : compare(a.table, b.table)));
  return { outcome, changes };
}

function isSame(before: unknown, after: unknown): boolean {
  if (before === undefined || after === undefined) return before === after;
  return Buffer.compare(encode(before), encode(after)) === 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
