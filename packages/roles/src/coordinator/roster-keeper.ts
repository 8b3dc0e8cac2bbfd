import { messageOf } from '@market-of-experts/core';
import type { ReceiptStore } from '@market-of-experts/ledger';
import { rosterBytes } from '@market-of-experts/protocol';
import { rosterId } from '@market-of-experts/receipts/receipt-record';
import type { LedgerView } from '../view/ledger-view.ts';

/** Keeps the rosters that receipts name, each once. */
export function rosterKeeper(
  receipts: ReceiptStore,
  view: Pick<LedgerView, 'rosterOf'>,
  onWarning: (message: string) => void,
): (hash: string) => void {
  const kept = new Set<string>();
  return (hash) => {
    const roster = view.rosterOf(hash as never);
    if (kept.has(hash) || roster === undefined) return;
    kept.add(hash);
    // Written before the record that names it: the store keeps the order.
    receipts.put(rosterId(hash), rosterBytes(roster), { pending: false }).catch((error: unknown) => {
      kept.delete(hash);
      onWarning(`A roster could not be kept: ${messageOf(error)}`);
    });
  };
}
