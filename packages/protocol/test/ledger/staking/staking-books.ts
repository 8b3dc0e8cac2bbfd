import type { AccountId } from '@market-of-experts/core';
import { expect } from 'vitest';
import type { StakeTarget } from '../../../src/fields/fields.ts';
import { backings } from '../../../src/ledger/staking/pots.ts';
import type { Backing } from '../../../src/ledger/state/node-records.ts';
import { recordsOf } from '../../../src/ledger/state/sorted-records.ts';
import {
  accountOf,
  type LedgerState,
  prepaidKey,
  targetKey,
  totalMicro,
} from '../../../src/ledger/state/state.ts';
import { MARKET } from '../ledger-fixture.ts';
import { backingAt } from './staking-commands.ts';
import type { Payouts, StakingModel } from './staking-model.ts';
import { exitId, type ModelNode } from './staking-model-node.ts';
import { exact } from './staking-model-pot.ts';

const targetOf = (node: ModelNode): StakeTarget => {
  const [market, key] = node.key.split('/') as [string, StakeTarget['node']];
  return node.market === undefined
    ? { role: 'validator', node: key }
    : { role: 'expert', market: market as typeof MARKET, node: key };
};
const backingOf = (state: LedgerState, node: ModelNode): Backing | undefined =>
  backingAt(state, targetOf(node));

/** What the ledger is about to pay, read from its shares. */
export function payoutsFrom(state: LedgerState, model: StakingModel): Payouts {
  const inTurn = (entries: readonly (readonly [string, bigint])[], micro: bigint, shares: bigint) => {
    const paid = new Map<string, bigint>();
    let [leftMicro, leftShares] = [micro, shares];
    for (const [id, held] of entries) {
      const part = (held * leftMicro) / leftShares;
      paid.set(id, part);
      leftMicro -= part;
      leftShares -= held;
    }
    return paid;
  };
  return {
    held: (node, account) => {
      const { delegatedMicro, delegationShares } = backingOf(state, node)!;
      const shares = state.delegations.get(`${node.key}/${account}`)?.shares ?? 0n;
      return shares === 0n ? 0n : (shares * delegatedMicro) / delegationShares;
    },
    returned: (node) => {
      const { delegatedMicro, delegationShares } = backingOf(state, node)!;
      const held = recordsOf(state.delegations, targetOf(node)).filter(([, { shares }]) => shares > 0n);
      return inTurn(
        held.map(([, { account, shares }]) => [account, shares]),
        delegatedMicro,
        delegationShares,
      );
    },
    released: (node) => {
      const { unbondingMicro, unbondingShares } = backingOf(state, node)!;
      const due = recordsOf(state.unbondings, targetOf(node)).filter(
        ([, { releaseEpoch }]) => releaseEpoch <= model.epoch,
      );
      return inTurn(
        due.map(([, { account, releaseEpoch, to, shares }]) => [
          exitId(account, releaseEpoch, to && model.find(to)),
          shares,
        ]),
        unbondingMicro,
        unbondingShares,
      );
    },
  };
}

/** The ledger and the model agree: exactly where only whole amounts move, within the roundings where parts do. */
export function mustAgree(state: LedgerState, model: StakingModel): void {
  for (const [account, balance] of model.balances)
    expect([account, accountOf(state, account as AccountId).balanceMicro]).toEqual([account, balance]);
  for (const [account, locked] of model.locked)
    expect(state.prepaid.get(prepaidKey(account as AccountId, MARKET))?.lockedMicro ?? 0n).toBe(locked);
  expect(state.markets.get(MARKET)!.poolMicro).toBe(model.poolMicro);
  expect(state.network.get('network')!.burntMicro).toBe(model.burntMicro);
  expect(new Set([...model.nodes].map(({ key }) => key))).toEqual(
    new Set(backings(state).map(([target]) => targetKey(target))),
  );
  for (const node of model.nodes) {
    const backing = backingOf(state, node)!;
    const waiting = [...node.pending].filter(([, micro]) => micro > 0n);
    expect({
      owner: backing.owner,
      own: backing.stakeMicro - backing.delegatedMicro,
      delegated: backing.delegatedMicro,
      unbonding: backing.unbondingMicro,
      pending: backing.pendingMicro,
      commission: backing.commissionBps,
      leaves: backing.leavesAtEpoch,
    }).toEqual({
      owner: node.owner,
      own: node.ownMicro,
      delegated: node.delegated.totalMicro,
      unbonding: node.unbonding.totalMicro,
      pending: waiting.reduce((sum, [, micro]) => sum + micro, 0n),
      commission: node.commissionBps,
      leaves: node.leavesAtEpoch,
    });
    const delegations = recordsOf(state.delegations, targetOf(node)).map(([, record]) => record);
    expect(
      new Map(
        delegations.filter(({ pendingMicro }) => pendingMicro > 0n).map((d) => [d.account, d.pendingMicro]),
      ),
    ).toEqual(new Map(waiting));
    const parts = (pot: 'delegated' | 'unbonding') =>
      pot === 'delegated'
        ? delegations.map(({ account, shares }) => [account as string, shares] as const)
        : recordsOf(state.unbondings, targetOf(node)).map(
            ([, { account, releaseEpoch, to, shares }]) =>
              [exitId(account, releaseEpoch, to && model.find(to)), shares] as const,
          );
    for (const pot of ['delegated', 'unbonding'] as const) {
      const [micro, total] =
        pot === 'delegated'
          ? [backing.delegatedMicro, backing.delegationShares]
          : [backing.unbondingMicro, backing.unbondingShares];
      // What goes to one node has two records where that node's key was replaced in between.
      const held = new Map<string, bigint>();
      for (const [holder, shares] of parts(pot)) held.set(holder, (held.get(holder) ?? 0n) + shares);
      let off = exact(0n);
      for (const holder of new Set([...held.keys(), ...node[pot].parts.keys()])) {
        const shares = held.get(holder) ?? 0n;
        const worth = shares === 0n ? exact(0n) : exact(shares * micro).over(exact(total));
        off = off.plus(worth.minus(node[pot].of(holder)).abs());
      }
      expect(
        off.atMost(node[pot].error) || `${pot} of ${node.key} is off by ${Number(off.n) / Number(off.d)}`,
      ).toBe(true);
    }
  }
}

/** What must hold in every state, by the records alone. */
export function mustBeSound(state: LedgerState): void {
  const network = state.network.get('network')!;
  expect(totalMicro(state)).toBe(network.supplyMicro);
  const serving = backings(state).filter(([, { leavesAtEpoch }]) => leavesAtEpoch === undefined);
  const validators = serving.filter(([{ role }]) => role === 'validator');
  expect(network.validatorCount).toBe(validators.length);
  expect(network.validatorStakeMicro).toBe(
    validators.reduce((sum, [, { stakeMicro }]) => sum + stakeMicro, 0n),
  );
  expect(state.markets.get(MARKET)!.expertCount).toBe(serving.length - validators.length);
  for (const account of state.accounts.values()) expect(account.balanceMicro >= 0n).toBe(true);
  for (const [target, backing] of backings(state)) {
    const delegations = recordsOf(state.delegations, target).map(([, record]) => record);
    const exits = recordsOf(state.unbondings, target).map(([, record]) => record);
    expect(backing.delegationCount).toBe(delegations.length);
    expect(backing.delegationShares).toBe(delegations.reduce((sum, { shares }) => sum + shares, 0n));
    expect(backing.pendingMicro).toBe(delegations.reduce((sum, { pendingMicro }) => sum + pendingMicro, 0n));
    expect(backing.unbondingShares).toBe(exits.reduce((sum, { shares }) => sum + shares, 0n));
    for (const [micro, shares] of [
      [backing.delegatedMicro, backing.delegationShares],
      [backing.unbondingMicro, backing.unbondingShares],
    ] as const)
      expect(micro >= 0n && (micro === 0n || shares > 0n)).toBe(true);
    expect(backing.stakeMicro >= backing.delegatedMicro).toBe(true);
    expect(backing.pendingMicro >= 0n).toBe(true);
    for (const { shares, pendingMicro } of delegations) expect(shares > 0n || pendingMicro > 0n).toBe(true);
  }
  const known = new Set(backings(state).map(([target]) => targetKey(target)));
  for (const { target } of [...state.delegations.values(), ...state.unbondings.values()])
    expect(known).toContain(targetKey(target));
  for (const { target, next } of state.rotations.values())
    expect(known).toContain(targetKey({ ...target, node: next }));
}
