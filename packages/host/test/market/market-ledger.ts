import { type MarketId, type OwnerKey, ownerKeyFromPrivate, sha256 } from '@market-of-experts/core';
import { type Ledger, memoryLog, openLedger } from '@market-of-experts/ledger';
import {
  defaultNetworkRules,
  defaultParameters,
  defaultTerms,
  type MarketTerms,
  signTransaction,
} from '@market-of-experts/protocol';
import { drawnModel } from '@market-of-experts/testing/drawn-exams';

export const network = 'editions-net';
export const market = 'text-embedding' as MarketId;
export const epochMs = 60_000;
const ownerOf = (name: string): OwnerKey => ownerKeyFromPrivate(sha256(Buffer.from(`editions/${name}`)));
const treasury = ownerOf('treasury');
export const [owner, alice] = [ownerOf('owner'), ownerOf('alice')];
/** Keys of a house that owns the market. */
export const houseKeyOf = (account: string): OwnerKey | undefined =>
  [treasury, owner].find(({ address }) => address === account);

export const marketTerms: MarketTerms = defaultTerms(defaultParameters, drawnModel('space'));

/** A ledger in memory of one market, whose epochs the treasury ends. */
export function openMarketLedger(): Promise<Ledger> {
  return openLedger({
    log: memoryLog(),
    network,
    genesis: signTransaction(treasury, {
      kind: 'genesis',
      network,
      from: treasury.address,
      nonce: 0,
      atMs: 0,
      rules: { ...defaultNetworkRules, epochMs, minBalanceMicro: 0n, marketDepositMicro: 0n },
      minValidatorStakeMicro: 10_000_000n,
      balances: [],
      markets: [{ market, owner: owner.address, terms: marketTerms }],
    }),
  });
}

export async function endEpoch(ledger: Ledger, count = 1): Promise<void> {
  for (let ended = 0; ended < count; ended += 1) {
    const { epoch, epochStartedMs } = ledger.settings();
    await ledger.transact(treasury, {
      kind: 'endEpoch',
      epoch,
      atMs: epochStartedMs + epochMs,
      signatures: [],
    });
  }
}
