import type { AccountId, Amount, KeyPair, MarketId, NodeId, OwnerKey } from '@market-of-experts/core';
import type { EmbeddedLedger, Ledger } from '@market-of-experts/ledger';
import { spendableMicro } from '@market-of-experts/protocol';
import type { KeyFile } from '../directory/key-file.ts';
import { fund } from '../genesis/bootstrap.ts';

/** Accounts whose orders this process signs. */
export const clientNames = ['client', 'house'] as const;

/** Who may spend, and through which gateway. */
export interface Clients {
  readonly accounts: ReadonlyMap<AccountId, OwnerKey>;
  readonly gateway: KeyPair;
}

/**
 * Gives the clients prepaid money in a market, locked for the gateway, the first time that it is served. Where an earlier
 * market of this name has closed, they lock what they got back from it.
 */
export async function prepayClients(
  { ledger }: Pick<EmbeddedLedger, 'ledger'>,
  keys: KeyFile,
  clients: Clients,
  market: MarketId,
  prepaidMicro: Amount,
): Promise<void> {
  for (const account of clients.accounts.keys()) {
    const prepaid = ledger.prepaid(account, market);
    if (spendableMicro(prepaid) > 0n) continue;
    if (prepaid === undefined) await fund({ ledger }, keys, account, prepaidMicro);
    const { minBalanceMicro } = ledger.settings().rules;
    const amountMicro = smaller(ledger.account(account).balanceMicro - minBalanceMicro, prepaidMicro);
    if (amountMicro >= minBalanceMicro && amountMicro > 0n)
      await lockForGateway(ledger, clients, account, market, amountMicro);
  }
}

/** Makes a client's money prepaid money of a market, which this gateway may spend by the client's orders. */
export async function lockForGateway(
  ledger: Ledger,
  { accounts, gateway }: Clients,
  account: AccountId,
  market: MarketId,
  amountMicro: Amount,
): Promise<void> {
  await ledger.transact(accounts.get(account)!, {
    kind: 'lock',
    market,
    gateway: gateway.publicKey as NodeId,
    amountMicro,
  });
}

/**
 * Gives the clients back what is locked for them in a market where nothing is left to settle: at once in one that is gone from the
 * ledger, elsewhere after the ledger's notice.
 */
export async function releaseClients(
  ledger: Ledger,
  { accounts }: Pick<Clients, 'accounts'>,
  market: MarketId,
): Promise<void> {
  for (const [account, client] of accounts) {
    const prepaid = ledger.prepaid(account, market);
    const isGone = ledger.market(market) === undefined;
    const amountMicro = isGone ? (prepaid?.lockedMicro ?? 0n) : spendableMicro(prepaid);
    if (amountMicro > 0n) await ledger.transact(client, { kind: 'unlock', market, amountMicro });
  }
}

/** Markets that are gone from the ledger with money of these clients still locked in them. */
export function strandedMarkets(ledger: Ledger, { accounts }: Pick<Clients, 'accounts'>): MarketId[] {
  const { closedMarkets } = ledger.tables();
  return [...closedMarkets.values()]
    .map(({ market }) => market)
    .filter((market) =>
      [...accounts.keys()].some((account) => (ledger.prepaid(account, market)?.lockedMicro ?? 0n) > 0n),
    );
}

function smaller(a: Amount, b: Amount): Amount {
  return a < b ? a : b;
}
