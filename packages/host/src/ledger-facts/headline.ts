import type { LedgerTables } from '@market-of-experts/ledger';
import type { RecordChange, Transaction } from '@market-of-experts/protocol';
import { asSentence, credits, nodeName, unbondedBy } from './summary-words.ts';

/** Where money was to go somewhere: how much does. The records are those after the changes. */
export function headlineOf(
  after: LedgerTables,
  transaction: Transaction,
  changes: readonly RecordChange[],
): string | undefined {
  if (transaction.kind === 'transfer' || transaction.kind === 'deposit') {
    const to = changes.find(({ table, key }) => table === 'accounts' && key === transaction.to);
    const gained =
      to?.table === 'accounts' ? (to.after?.balanceMicro ?? 0n) - (to.before?.balanceMicro ?? 0n) : 0n;
    return gained === 0n
      ? 'No money moves: only the number of your next transaction changes.'
      : `${credits(gained)} go to ${transaction.to}.`;
  }
  if (
    transaction.kind !== 'undelegate' &&
    transaction.kind !== 'redelegate' &&
    transaction.kind !== 'unstake'
  )
    return undefined;
  const name = nodeName(after, transaction.target);
  const own = (account: string | undefined): boolean => account === transaction.from;
  let backMicro = 0n;
  let unbondedMicro = 0n;
  let releaseEpoch = 0;
  for (const change of changes) {
    if (change.table === 'delegations' && own((change.after ?? change.before)?.account))
      backMicro += (change.before?.pendingMicro ?? 0n) - (change.after?.pendingMicro ?? 0n);
    if (change.table !== 'unbondings' || change.after === undefined || !own(change.after.account)) continue;
    unbondedMicro += unbondedBy(change, after);
    releaseEpoch = change.after.releaseEpoch;
  }
  const goal = transaction.kind === 'redelegate' ? nodeName(after, transaction.to) : 'you';
  const back = `${credits(backMicro)} that did not count yet come back to you at once`;
  const unbonded = `${credits(unbondedMicro)} leave ${name} and go to ${goal} when epoch ${releaseEpoch} begins`;
  if (unbondedMicro > 0n) return backMicro > 0n ? `${unbonded}; ${back}.` : `${unbonded}.`;
  if (backMicro === 0n) return `Nothing leaves ${name}.`;
  return transaction.kind === 'redelegate' ? `Nothing goes to ${goal}: ${back}.` : asSentence(`${back}.`);
}
