import {
  type AccountId,
  type Amount,
  formatCredits,
  type MarketId,
  MICRO_PER_CREDIT,
  messageOf,
} from '@market-of-experts/core';
import type { EmbeddedLedger } from '@market-of-experts/ledger';
import { spendableMicro } from '@market-of-experts/protocol';
import type { KeyFile } from '../directory/key-file.ts';
import { fund } from '../genesis/bootstrap.ts';
import type { HouseSpending, SpendingPurpose } from './house-spending.ts';
import { type Clients, lockForGateway } from './prepaid.ts';

/** What the account of the API key has prepaid, and what the treasury adds by itself. */
export interface PrepaidTerms {
  /** Locked in each market that is served, to begin with and again when it runs low. */
  readonly lockMicro: Amount;
  /** It runs low below this. */
  readonly lowMicro: Amount;
  /** What the treasury adds in all, over all markets and starts. */
  readonly budgetMicro: Amount;
}

export const usualPrepaidTerms: PrepaidTerms = {
  lockMicro: 1_000n * MICRO_PER_CREDIT,
  lowMicro: 250n * MICRO_PER_CREDIT,
  budgetMicro: 100_000n * MICRO_PER_CREDIT,
};

export const prepaidPurpose: SpendingPurpose = {
  file: 'prepaid-budget.json',
  purpose: 'the prepaid account of its API key',
  remedy: 'Add to it from another account: moe transfer client CREDITS --from WALLET.',
};

/** What of the process it works with. */
export interface PrepaidParts {
  readonly embedded: EmbeddedLedger;
  readonly keys: KeyFile;
  readonly clients: Clients;
  readonly prepaid: PrepaidTerms;
  readonly onWarning: (message: string) => void;
}

export interface PrepaidKeeper {
  /** Where the client runs out of money and is not topped up, and what to do: a sentence each. */
  notices(): readonly string[];
  close(): Promise<void>;
}

/**
 * Keeps the client's prepaid money from running out: what others transfer to its account is locked in the first market at once, and
 * what runs low is topped up from the treasury, within a budget. When that is spent, it says so while there is still something left.
 */
export function prepaidKeeper(
  parts: PrepaidParts,
  client: AccountId,
  spending: HouseSpending,
  markets: () => readonly MarketId[],
): PrepaidKeeper {
  const { embedded, keys, clients, onWarning, prepaid: terms } = parts;
  const { ledger } = embedded;
  const treasury = keys.owner('treasury').address;
  /** Why the client is not topped up there. */
  const refusals = new Map<MarketId, string>();
  const leftIn = (market: MarketId): Amount => spendableMicro(ledger.prepaid(client, market));
  const notice = (market: MarketId, why: string): string =>
    `The account of the API key has ${formatCredits(leftIn(market))} prepaid credits left in "${market}", and is not topped up: ${why}`;
  let isClosed = false;

  /** What others have sent; the treasury's is locked by whoever sends it. */
  let givenMicro = 0n;
  const keepUp = async (market: MarketId, isFirst: boolean): Promise<void> => {
    if (isFirst && givenMicro > 0n) {
      const freeMicro = ledger.account(client).balanceMicro - ledger.settings().rules.minBalanceMicro;
      const amountMicro = givenMicro < freeMicro ? givenMicro : freeMicro;
      givenMicro = 0n;
      if (amountMicro > 0n) await lockForGateway(ledger, clients, client, market, amountMicro);
    }
    const leftMicro = leftIn(market);
    if (leftMicro >= terms.lowMicro) {
      refusals.delete(market);
      return;
    }
    const missingMicro = terms.lockMicro - leftMicro;
    try {
      spending.take(market, 'client', missingMicro, terms.budgetMicro);
      await fund(embedded, keys, client, missingMicro);
      await lockForGateway(ledger, clients, client, market, missingMicro);
      refusals.delete(market);
    } catch (error) {
      const isNew = !refusals.has(market);
      refusals.set(market, messageOf(error));
      if (isNew) onWarning(notice(market, messageOf(error)));
    }
  };
  const keepAllUp = async (): Promise<void> => {
    for (const [index, market] of markets().entries()) if (!isClosed) await keepUp(market, index === 0);
  };
  let isDue = false;
  let work = Promise.resolve();
  const look = (): void => {
    if (isDue || isClosed) return;
    isDue = true;
    work = work
      .then(() => {
        isDue = false;
        return keepAllUp();
      })
      .catch((error: unknown) =>
        onWarning(`The prepaid account could not be looked after: ${messageOf(error)}`),
      );
  };
  const unsubscribe = ledger.onApplied(({ transaction }) => {
    const { kind, from } = transaction;
    if (kind === 'transfer' && transaction.to === client && from !== treasury)
      givenMicro += transaction.amountMicro;
    if (kind === 'transfer' || kind === 'settle') look();
  });
  look();
  return {
    notices: () =>
      markets().flatMap((market) => {
        const why = refusals.get(market);
        return why === undefined || leftIn(market) >= terms.lowMicro ? [] : [notice(market, why)];
      }),
    async close() {
      isClosed = true;
      unsubscribe();
      await work;
    },
  };
}
