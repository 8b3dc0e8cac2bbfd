import type { Effects } from '@moe/protocol';
import type { LedgerView } from '../market/ledger-view.ts';
import { addTotals, type OrderTotals, type SettledState, writeStandings } from '../market/standings-file.ts';

const saveEveryBatches = 20;

/** What a market's settled orders add up to, kept in a file now and then: batches since are added at the next start. */
export interface MarketTotals {
  now(): OrderTotals;
  /** Takes in a settled batch, after the view has. */
  add(effects: readonly Effects[]): void;
  save(): void;
}

export function marketTotals(
  path: string,
  start: SettledState,
  view: Pick<LedgerView, 'standings'>,
): MarketTotals {
  let { totals } = start;
  let unsaved = 0;
  const save = (): void => {
    unsaved = 0;
    writeStandings(path, { ...view.standings(), totals });
  };
  return {
    now: () => totals,
    add(effects) {
      totals = addTotals(totals, effects);
      unsaved += 1;
      if (unsaved >= saveEveryBatches) save();
    },
    save,
  };
}
