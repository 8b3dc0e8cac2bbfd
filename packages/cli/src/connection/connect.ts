import { createMarketClient, isRefused, type LedgerClient, type MarketClient } from '@market-of-experts/sdk';
import { usageError } from '../terminal/exit-codes.ts';
import { type ConnectionOptions, readConnection } from './connection.ts';

/** What a person at a terminal can do where nothing answers. */
const advice = {
  nobody: 'Start one with `moe up` (or `npm start`), or name another with --url.',
  late: 'Look at its terminal, or try again.',
  unreachable: 'Check --url and that `moe up` runs.',
  foreign: 'Check --url.',
};

/** The market that the options and the environment name. It is asked once: whoever typed the command can type it again. */
export function connect(options: ConnectionOptions): MarketClient {
  return createMarketClient({ ...readConnection(options), retries: 0, advice });
}

/** Its ledger; a market of it that is not there was mistyped. */
export function connectLedger(options: ConnectionOptions): LedgerClient {
  const { ledger } = connect(options);
  return {
    ...ledger,
    market: (market) => known(market, ledger.market(market)),
    editions: (market) => known(market, ledger.editions(market)),
    weights: (market) => known(market, ledger.weights(market)),
    metagraph: (market) => known(market, ledger.metagraph(market)),
  };
}

async function known<Result>(market: string, answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    if (isRefused(error) && error.metadata.status === 404)
      throw usageError(`There is no market "${market}". \`moe market list\` shows them.`);
    throw error;
  }
}
