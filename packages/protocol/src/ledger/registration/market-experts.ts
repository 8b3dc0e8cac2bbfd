import type { Expert } from '../state/node-records.ts';
import type { Market } from '../state/records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import type { StateView } from '../state/state.ts';

/** All experts of a market that are registered there, in the order of their ids, those that are leaving among them. */
export function expertsOf(view: StateView, market: Market['market']): Expert[] {
  return sortedEntries(view.experts, (expert) => expert.market === market).map(([, expert]) => expert);
}

/** The experts of a market that serve. */
export function servingExperts(view: StateView, market: Market['market']): Expert[] {
  return expertsOf(view, market).filter(({ leavesAtEpoch }) => leavesAtEpoch === undefined);
}
