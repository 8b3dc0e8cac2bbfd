import { type Clock, type MarketId, MoeError, messageOf } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { CoordinatorRole } from '@market-of-experts/roles/coordinator/coordinator-role';
import type { MarketExperts } from '../house/market-experts.ts';
import { type Clients, releaseClients } from '../house/prepaid.ts';
import type { MarketRequests } from './market-requests.ts';

/** What must come to an end in a market that is not served any more. */
export interface EndingMarket {
  readonly market: MarketId;
  /** What requests are told from now on. */
  readonly reason: MoeError;
  readonly ledger: Ledger;
  readonly requests: MarketRequests;
  readonly experts: MarketExperts;
  readonly coordinator: CoordinatorRole;
  readonly clients: Clients;
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
}

/** Between two attempts to settle what is left. */
const retryMs = 500;

/**
 * Finishes and settles what is open in a market whose last epoch is over, or that the house leaves, however often that must be tried, and gives the
 * clients their money back. The ledger keeps the market until its experts' stake is paid out: long enough to settle. Aborted,
 * it leaves the rest, and the money, to the next process.
 */
export async function retireMarket(ending: EndingMarket, signal: AbortSignal): Promise<void> {
  const { market, ledger, requests, experts, coordinator, clients } = ending;
  await requests.shut(ending.reason);
  await Promise.all([experts.stopWork(), coordinator.close()]);
  if (await settleAll(ending, signal)) await releaseClients(ledger, clients, market);
}

/** False when it was aborted with something left. Of a market that the ledger has no more, nothing can be settled. */
async function settleAll(
  { market, ledger, coordinator: { settler }, clock, onWarning }: EndingMarket,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    try {
      await settler.flush();
    } catch (error) {
      onWarning(`What is left of the market could not be settled yet: ${messageOf(error)}`);
    }
    if (settler.pending() === 0 || ledger.market(market) === undefined) return true;
    if (signal.aborted) return false;
    await clock.sleep(retryMs, signal).catch(() => undefined);
  }
}

/** What a request to a market is told whose owner has closed it. */
export function closedByOwner(market: MarketId): MoeError {
  return new MoeError(
    'market-closed',
    `The owner of "${market}" has closed it. GET /v1/models lists others.`,
  );
}
