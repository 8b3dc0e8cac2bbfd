import type { MarketId } from '@market-of-experts/core';
import { type Market, problemsOfJoining } from '@market-of-experts/protocol';
import { foundedMarketId } from '../genesis/genesis-terms.ts';
import { readJoiningChoice } from '../house/joined-markets.ts';
import { problemOfServing } from '../house/served-terms.ts';
import type { ProcessParts } from './process-parts.ts';

/** Which markets of the ledger this process serves, by their terms and by what its operator has said. */
export interface JoiningRules {
  /** Whether the house owns it: it is served whatever it costs. */
  isOwn(market: Market): boolean;
  /** Whether its task, space and loss are known here. */
  canServe(market: Market): boolean;
  /**
   * Why a market is not served, which may change with its terms and with the operator's choice. Of others it is served only where
   * he has said so: each takes money of the treasury, and its owner sets what becomes of it.
   */
  reasonAgainst(market: Market, joined: ReadonlySet<MarketId>): string | undefined;
  /** Markets of others that the operator has named. Read anew each time. */
  joined(): ReadonlySet<MarketId>;
}

export function joiningRules(parts: ProcessParts): JoiningRules {
  const { space, house, dataDir } = parts;
  const { ledger } = parts.embedded;
  const isOwn = ({ market, owner }: Market): boolean =>
    market === foundedMarketId || house.ownAccounts.has(owner);
  return {
    isOwn,
    canServe: ({ terms }) => problemOfServing(terms, space) === undefined,
    joined: () => new Set(readJoiningChoice(dataDir).markets),
    reasonAgainst(record, joined) {
      const problem = problemOfServing(record.terms, space);
      if (problem !== undefined || isOwn(record)) return problem;
      if (!joined.has(record.market))
        return `the house joins markets of others only where it is told to (moe expert join ${record.market})`;
      const problems = problemsOfJoining(record, ledger.settings().rules);
      return problems.length === 0 ? undefined : `the house does not join it: ${problems.join('; ')}`;
    },
  };
}
