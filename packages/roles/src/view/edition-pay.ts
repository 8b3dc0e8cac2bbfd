import type { MarketId, NodeId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import {
  type Edition,
  type EditionRecord,
  editionHash,
  editionKey,
  readEdition,
} from '@market-of-experts/protocol';
import type { MarketView } from './market-view.ts';

const whole = 1_000_000;

/** What the ledger says of the pay of editions' parts. */
export function editionPay(
  ledger: Pick<Ledger, 'editions' | 'tables'>,
  market: MarketId,
): Pick<MarketView, 'payShares' | 'leastPriceMillionths'> {
  const nodes = new WeakMap<EditionRecord, readonly NodeId[]>();
  const nodesOf = (record: EditionRecord): readonly NodeId[] => {
    const known = nodes.get(record) ?? readEdition(record.edition).parts.map(({ node }) => node);
    nodes.set(record, known);
    return known;
  };
  return {
    payShares(edition: Edition) {
      const record = ledger.tables().editions.get(editionKey(market, edition.number));
      // Asked for every text: only where there are shares it matters whether it is that edition.
      if (record?.shares === undefined || record.hash !== editionHash(edition)) return undefined;
      return record.shares.millionths.map((millionths, index) => ({
        node: edition.parts[index]!.node,
        millionths,
      }));
    },
    leastPriceMillionths(node) {
      const prices = ledger.editions(market).flatMap((record) => {
        const parts = nodesOf(record);
        const share = record.shares?.millionths[parts.indexOf(node)];
        return share === undefined ? [] : [share * parts.length];
      });
      return Math.min(whole, ...prices);
    },
  };
}
