import type { AccountId, MarketId } from '@market-of-experts/core';
import { backings } from '../../../src/ledger/staking/pots.ts';
import { worthOf } from '../../../src/ledger/staking/shares.ts';
import type { Backing } from '../../../src/ledger/state/node-records.ts';
import { accountOf, targetKey } from '../../../src/ledger/state/state.ts';
import type { MarketTerms } from '../../../src/terms/terms.ts';
import { fixtureTerms, idOf, MARKET, nodeOf } from '../ledger-fixture.ts';
import { addValidators, type Play, play } from '../play-fixture.ts';

/** For tests: somebody with two accounts, nodes and a market of his own, and carol, who stakes on his nodes. */
export const thieves = ['mallory', 'trudy'] as const;
export const ownMarket = 'own-market' as MarketId;
export const experts = ['t1', 't2', 't3'] as const;
export const validators = ['w1', 'w2'] as const;
export const honestValidator = 'v1';
export const gateway = 'evil-gateway';

/** Everything that a market's owner may set, set against whoever comes. */
export function worstTerms(version = 1): MarketTerms {
  const terms = fixtureTerms();
  return {
    ...terms,
    parameters: {
      ...terms.parameters,
      version,
      shardSize: 3,
      minimumStakeMicro: 1n,
      slashBps: { late: 100, outlier: 100, 'no-reveal': 1_000, 'wrong-reveal': 1_000, equivocation: 5_000 },
    },
    maximumExperts: 3,
    immunityEpochs: 0,
    permits: 256,
    ranking: { ...terms.ranking, kappaU16: 16_384 },
    emission: { perEpochMicro: 1_000_000n, halvingEpochs: 1_000_000, ownerShareBps: 5_000 },
  };
}

/** A network with an honest validator of two thirds of the stake; the thieves and carol have 100,000 each. */
export function thievesPlay(): Play {
  const g = play((tx) => ({
    ...tx,
    rules: { ...tx.rules, unbondingEpochs: 2, noticeEpochs: 1 },
    balances: [
      ...tx.balances.filter(({ account }) => account !== idOf('carol')),
      ...[...thieves, 'carol'].map((name) => ({ account: idOf(name), amountMicro: 100_000n })),
    ],
  }));
  addValidators(g, { [honestValidator]: 1_000_000n });
  g.must('mallory', { kind: 'createMarket', market: ownMarket, terms: worstTerms() });
  for (const market of [MARKET, ownMarket])
    g.must('trudy', { kind: 'lock', market, gateway: nodeOf(gateway), amountMicro: 1_000n });
  return g;
}

/** All that the thieves own, wherever it is; every pool among it, for nobody else pays into one here. */
export function wealthOf(g: Play, names: readonly string[], withPools: boolean): bigint {
  const ids = new Set<string>(names.map(idOf));
  let total = 0n;
  for (const id of ids) total += accountOf(g.state, id as AccountId).balanceMicro;
  for (const [key, { lockedMicro }] of g.state.prepaid.entries())
    if (ids.has(key.slice(0, key.indexOf('/')))) total += lockedMicro;
  for (const [, backing] of backings(g.state)) {
    if (!ids.has(backing.owner)) continue;
    total += backing.stakeMicro - backing.delegatedMicro;
    if ('depositMicro' in backing) total += backing.depositMicro;
  }
  const backed = new Map<string, Backing>(backings(g.state).map(([target, b]) => [targetKey(target), b]));
  for (const { account, target, shares, pendingMicro } of g.state.delegations.values()) {
    const { delegatedMicro, delegationShares } = backed.get(targetKey(target))!;
    if (ids.has(account)) total += pendingMicro + worthOf(shares, delegatedMicro, delegationShares);
  }
  for (const { account, target, shares } of g.state.unbondings.values()) {
    const { unbondingMicro, unbondingShares } = backed.get(targetKey(target))!;
    if (ids.has(account)) total += worthOf(shares, unbondingMicro, unbondingShares);
  }
  for (const market of g.state.markets.values())
    total += withPools ? market.poolMicro + (ids.has(market.owner) ? market.depositMicro : 0n) : 0n;
  return total;
}
