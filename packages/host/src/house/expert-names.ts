import { distinctNames, type MarketId, type NodeId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';

/**
 * Names of a market's experts as they are shown: those that look alike with the beginning of their ids, one that is not
 * registered as such a beginning. Read anew when the ledger has grown.
 */
export function expertNames(
  ledger: Pick<Ledger, 'height' | 'experts'>,
  market: MarketId,
): (node: NodeId) => string {
  let height = -1;
  let names: ReadonlyMap<NodeId, string> = new Map();
  return (node) => {
    if (ledger.height() !== height) {
      height = ledger.height();
      names = distinctNames(ledger.experts(market).map(({ node: id, name }) => [id, name] as const));
    }
    return names.get(node) ?? node.slice(0, 8);
  };
}
