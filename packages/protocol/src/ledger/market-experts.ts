import { sortedEntries } from './pots.ts';
import type { Expert, LedgerView, Market } from './state.ts';

/** All experts of a market that are registered there, in the order of their ids, those that are leaving among them. */
export function expertsOf(view: LedgerView, market: Market['market']): Expert[] {
  const records: (readonly [string, Expert])[] = [];
  // Filtered before they are sorted: a network's markets together have many.
  for (const entry of view.experts.entries()) if (entry[1].market === market) records.push(entry);
  return sortedEntries({ entries: () => records }).map(([, expert]) => expert);
}

/** The experts of a market that serve. */
export function servingExperts(view: LedgerView, market: Market['market']): Expert[] {
  return expertsOf(view, market).filter(({ leavesAtEpoch }) => leavesAtEpoch === undefined);
}
