import type { LedgerTables } from '@market-of-experts/ledger';
import type { RecordChange, Transaction } from '@market-of-experts/protocol';
import { balances, changeSentences } from './change-sentences.ts';
import { headlineOf } from './headline.ts';
import { asSentence } from './summary-words.ts';

/** A person reads no more; the end of an epoch touches thousands of records. */
const maxSentences = 50;

/**
 * What the changes mean to the person who is about to sign the transaction: in sentences, and the most important of them in one.
 * All is made from the changes: what was asked for may not be what would come of it.
 */
export function transactionSummary(
  records: LedgerTables,
  transaction: Transaction,
  changes: readonly RecordChange[],
): { readonly headline: string; readonly summary: readonly string[] } {
  const after = recordsAfter(records, changes);
  const balanceSentences = balances(changes, transaction.from);
  const others = changes.flatMap((change) => changeSentences(change, transaction, after));
  const said = [...balanceSentences, ...others].map(asSentence);
  const summary =
    said.length === 0
      ? [nothingElse(transaction, changes)]
      : said.length <= maxSentences
        ? said
        : [...said.slice(0, maxSentences - 1), `… and ${said.length - maxSentences + 1} more changes.`];
  const headline = headlineOf(after, transaction, changes) ?? asSentence(others.join(' ') || summary[0]!);
  return { headline, summary };
}

function nothingElse({ from }: Transaction, changes: readonly RecordChange[]): string {
  const others = changes.filter(({ table, key }) => table !== 'accounts' || key !== from);
  return others.length === 0
    ? 'Nothing changes but the number of your next transaction.'
    : `Nothing changes that has a sentence of its own (${others.length} records do).`;
}

/** The registrations and the network as they would be afterwards; other tables as they are. */
function recordsAfter(records: LedgerTables, changes: readonly RecordChange[]): LedgerTables {
  const changed = { ...records } as { -readonly [Name in keyof LedgerTables]: ReadonlyMap<string, unknown> };
  for (const table of ['network', 'experts', 'validators'] as const) {
    const touched = changes.filter((change) => change.table === table);
    if (touched.length === 0) continue;
    const copy = new Map<string, unknown>(records[table]);
    for (const { key, after } of touched)
      if (after === undefined) copy.delete(key);
      else copy.set(key, after);
    changed[table] = copy;
  }
  return changed as LedgerTables;
}
