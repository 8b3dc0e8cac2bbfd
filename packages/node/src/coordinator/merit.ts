import type { NodeId } from '@moe/core';
import { compareFractions, emptyTally, placeExcess } from '@moe/protocol';
import type { LedgerView } from '../market/ledger-view.ts';

const cache = new WeakMap<object, NodeId[]>();

/** Experts past probation, the lowest certified mean excess first; made once for each roster. */
export function expertsByMerit(view: LedgerView): NodeId[] {
  const { roster } = view.current();
  const known = cache.get(roster);
  if (known !== undefined) return known;
  const { standings } = view.standings();
  const sorted = roster.experts
    .filter(({ onProbation }) => !onProbation)
    .map(({ node }) => ({
      node,
      excess: placeExcess({ global: standings.of(node, 0).global, place: emptyTally }, roster.parameters),
    }))
    .sort((a, b) => compareFractions(a.excess, b.excess))
    .map(({ node }) => node);
  cache.set(roster, sorted);
  return sorted;
}
