import type { EditionVerification } from '@market-of-experts/receipts/verify-choice';
import { verifyEditions as verify } from '@market-of-experts/receipts/verify-choice';
import type { MarketClient } from './market-client.ts';
import type { CallOptions } from './requests.ts';

export type { EditionVerification } from '@market-of-experts/receipts/verify-choice';

/**
 * Recomputes a market's editions by the protocol's rules, from the exams that they name: that exams choose what was published, and give the parts
 * what they are paid. Nothing of it is taken on the market's word: what is named by hash is asked of the market and must have
 * that hash. Rejects as the client does.
 *
 * @example
 * for (const { name, checks } of await verifyEditions(market, 'text-embedding')) console.log(name, checks);
 */
export async function verifyEditions(
  market: Pick<MarketClient, 'ledger' | 'blob'>,
  id: string,
  options: CallOptions = {},
): Promise<readonly EditionVerification[]> {
  const [{ editions }, { rules }] = await Promise.all([
    market.ledger.editions(id, options),
    market.ledger.network(options),
  ]);
  return verify(editions, rules, (hash) => market.blob(hash, options));
}
