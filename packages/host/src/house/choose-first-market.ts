import { type AccountId, type MarketId, MoeError } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { foundedMarketId } from '../genesis/genesis-terms.ts';
import { readJoiningChoice } from './joined-markets.ts';
import { problemOfServing, type Space } from './served-terms.ts';

/**
 * The market that programs get that name none: the one that the data directory was founded with, or, once that is over, the oldest
 * of those that this process serves, the house's own before others. Throws `market-closed` when there is none.
 */
export function chooseFirstMarket(
  dataDir: string,
  ledger: Ledger,
  ownAccounts: ReadonlySet<AccountId>,
  space: Space,
): MarketId {
  const { epoch } = ledger.settings();
  const joined = new Set(readJoiningChoice(dataDir).markets);
  const rankOf = ({ market, owner }: { readonly market: MarketId; readonly owner: AccountId }): number =>
    market === foundedMarketId ? 0 : ownAccounts.has(owner) ? 1 : joined.has(market) ? 2 : 3;
  const served = ledger
    .markets()
    .filter((market) => market.closesAtEpoch === undefined || market.closesAtEpoch > epoch)
    .filter((market) => rankOf(market) < 3 && problemOfServing(market.terms, space) === undefined)
    .sort(
      (a, b) => rankOf(a) - rankOf(b) || a.createdEpoch - b.createdEpoch || (a.market < b.market ? -1 : 1),
    );
  const [first] = served;
  if (first === undefined)
    throw new MoeError(
      'market-closed',
      `The ledger of ${dataDir} has no market that this node serves: "${foundedMarketId}" was closed by its owner, or has another space than the experts here. Name one of others that is open (--join-markets MARKET), or start with another directory: --data DIR.`,
    );
  return first.market;
}
