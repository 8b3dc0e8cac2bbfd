import type { AccountFacts, OwnedNode } from '@market-of-experts/api/ledger-facts';
import type { AccountId } from '@market-of-experts/core';
import type { LedgerTables } from '@market-of-experts/ledger';
import {
  delegationKey,
  type Expert,
  prepaidKey,
  type StakeTarget,
  targetKey,
  type Validator,
  worthOf,
} from '@market-of-experts/protocol';

type Delegations = AccountFacts['delegations'][number];

/** What belongs to an account, wherever it is. Delegations are looked up node by node: no walk over everybody's. */
export function accountFacts(records: LedgerTables, account: AccountId): AccountFacts {
  const { balanceMicro, nonce } = records.accounts.get(account) ?? { balanceMicro: 0n, nonce: 0 };
  // In a market that is gone something may be waiting to be taken out, too.
  const prepaid = [...records.markets.values(), ...records.closedMarkets.values()].flatMap(({ market }) => {
    const found = records.prepaid.get(prepaidKey(account, market));
    if (found === undefined || (found.lockedMicro === 0n && !records.markets.has(market))) return [];
    const { nextOrderSeq: _, ...facts } = found;
    return [{ market, ...facts }];
  });
  const nodes: OwnedNode[] = [];
  const delegations: Delegations[] = [];
  for (const [target, backing] of registrations(records)) {
    const delegation = records.delegations.get(delegationKey(target, account));
    const pendingMicro = delegation?.pendingMicro ?? 0n;
    if (backing.owner === account) nodes.push(ownedNode(target, backing, pendingMicro));
    else if (delegation !== undefined) {
      const valueMicro = worthOf(delegation.shares, backing.delegatedMicro, backing.delegationShares);
      delegations.push({ target, name: backing.name, valueMicro, pendingMicro });
    }
  }
  const unbondings = [...records.unbondings.values()]
    .filter((unbonding) => unbonding.account === account)
    .map(({ target, releaseEpoch, shares, to }) => {
      const backing = backingIn(records, target);
      const valueMicro =
        backing === undefined ? 0n : worthOf(shares, backing.unbondingMicro, backing.unbondingShares);
      return { target, valueMicro, releaseEpoch, ...(to === undefined ? {} : { to }) };
    })
    .sort((a, b) => a.releaseEpoch - b.releaseEpoch);
  const lockedMicro = prepaid.reduce((sum, each) => sum + each.lockedMicro, 0n);
  return { account, balanceMicro, nonce, lockedMicro, prepaid, nodes, delegations, unbondings };
}

/** The registration behind a target, if there is one. */
export function backingIn(records: LedgerTables, target: StakeTarget): Expert | Validator | undefined {
  return target.role === 'expert'
    ? records.experts.get(targetKey(target))
    : records.validators.get(target.node);
}

function* registrations(records: LedgerTables): Generator<readonly [StakeTarget, Expert | Validator]> {
  for (const expert of records.experts.values())
    yield [{ role: 'expert', market: expert.market, node: expert.node }, expert];
  for (const validator of records.validators.values())
    yield [{ role: 'validator', node: validator.node }, validator];
}

function ownedNode(target: StakeTarget, backing: Expert | Validator, pendingMicro: bigint): OwnedNode {
  const { name, stakeMicro, delegatedMicro, unbondingMicro, commissionBps, registeredEpoch } = backing;
  return {
    target,
    name,
    stakeMicro,
    ownMicro: stakeMicro - delegatedMicro,
    delegatedMicro,
    pendingMicro,
    unbondingMicro,
    commissionBps,
    ...(backing.nextCommission === undefined ? {} : { nextCommission: backing.nextCommission }),
    registeredEpoch,
    ...(backing.leavesAtEpoch === undefined ? {} : { leavesAtEpoch: backing.leavesAtEpoch }),
  };
}
