import type { Amount } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import { burn, credit } from '../accounts/balances.ts';
import type { Backing, Expert, Validator } from '../state/node-records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import { type StateView, targetKey } from '../state/state.ts';
import { putDelegation } from './delegations.ts';
import { backingOf, backings, setBacking } from './pots.ts';
import { dropRotations } from './rotation.ts';
import { adjustShares, sharesFor, worthOf } from './shares.ts';

/** What waited for the epoch joins the stake. Called at the end of an epoch, after its pay. */
export function activatePending(view: StateView): void {
  for (const [target, { pendingMicro, leavesAtEpoch }] of backings(view))
    if (pendingMicro > 0n && leavesAtEpoch === undefined)
      adjustShares(view, target, 'delegated', pendingMicro);
  const waiting = sortedEntries(view.delegations, ({ pendingMicro }) => pendingMicro > 0n);
  for (const [, { target, account, shares, pendingMicro }] of waiting) {
    const backing = backingOf(view, target) as Backing;
    const { stakeMicro, delegatedMicro, delegationShares } = backing;
    setBacking(view, target, { pendingMicro: backing.pendingMicro - pendingMicro });
    if (backing.leavesAtEpoch !== undefined) {
      credit(view, account, pendingMicro);
      putDelegation(view, target, account, shares, 0n);
    } else if (backing.owner === account) {
      setBacking(view, target, { stakeMicro: stakeMicro + pendingMicro });
      putDelegation(view, target, account, 0n, 0n);
    } else {
      const issued = sharesFor(pendingMicro, delegatedMicro, delegationShares);
      setBacking(view, target, {
        stakeMicro: stakeMicro + pendingMicro,
        delegatedMicro: delegatedMicro + pendingMicro,
        delegationShares: delegationShares + issued,
      });
      putDelegation(view, target, account, shares + issued, 0n);
    }
  }
}

/** Commissions whose notice is over begin. */
export function beginCommissions(view: StateView, epoch: number): void {
  for (const [target, backing] of backings(view)) {
    const { nextCommission, ...rest } = backing;
    if (nextCommission === undefined || nextCommission.fromEpoch > epoch) continue;
    const changed = { ...rest, commissionBps: nextCommission.bps };
    if (target.role === 'expert') view.experts.set(targetKey(target), changed as Expert);
    else view.validators.set(target.node, changed as Validator);
  }
}

export function isImmune(view: StateView, { immuneUntilEpoch }: Expert): boolean {
  return view.network.get('network')!.epoch < immuneUntilEpoch;
}

/**
 * Whether the market's owner has announced other terms, or the end, since the expert registered: until they begin, everybody who was
 * there may leave with his deposit.
 */
export function isGivenNotice(view: StateView, { market, registeredEpoch }: Expert): boolean {
  const { next, closesAtEpoch } = view.markets.get(market)!;
  const { noticeEpochs } = view.network.get('network')!.rules;
  return (
    closesAtEpoch !== undefined || (next !== undefined && registeredEpoch <= next.fromEpoch - noticeEpochs)
  );
}

/**
 * Takes a node out of service: it keeps its record, and can be slashed, until everything behind it is paid out. What it forfeits
 * of its deposit is burnt: in the market's pool, the market's owner could come by it (docs/decisions/0016-foreign-markets.md).
 */
export function leave(view: StateView, target: StakeTarget, forfeitedMicro: Amount = 0n): void {
  const { epoch, rules } = view.network.get('network')!;
  setBacking(view, target, { leavesAtEpoch: epoch + rules.unbondingEpochs });
  if (target.role === 'validator') {
    const network = view.network.get('network')!;
    view.network.set('network', { ...network, validatorCount: network.validatorCount - 1 });
    return;
  }
  const market = view.markets.get(target.market)!;
  view.markets.set(target.market, { ...market, expertCount: market.expertCount - 1 });
  const expert = view.experts.get(targetKey(target))!;
  const lostMicro = forfeitedMicro < expert.depositMicro ? forfeitedMicro : expert.depositMicro;
  view.experts.set(targetKey(target), { ...expert, depositMicro: expert.depositMicro - lostMicro });
  burn(view, lostMicro);
}

/**
 * Ends registrations whose time has come; everything behind them goes back to whose it is. What was being unbonded is paid
 * out by then: a node that is leaving takes no stake and gives none back.
 */
export function releaseLeaving(view: StateView, epoch: number): void {
  const gone = new Map(
    backings(view)
      .filter(([, { leavesAtEpoch }]) => leavesAtEpoch !== undefined && leavesAtEpoch <= epoch)
      .map(([target]) => [targetKey(target), target] as const),
  );
  if (gone.size === 0) return;
  const delegations = sortedEntries(view.delegations, ({ target }) => gone.has(targetKey(target)));
  for (const [, { target, account, shares, pendingMicro }] of delegations) {
    const backing = backingOf(view, target) as Backing;
    const amountMicro = worthOf(shares, backing.delegatedMicro, backing.delegationShares);
    setBacking(view, target, {
      pendingMicro: backing.pendingMicro - pendingMicro,
      stakeMicro: backing.stakeMicro - amountMicro,
      delegatedMicro: backing.delegatedMicro - amountMicro,
      delegationShares: backing.delegationShares - shares,
    });
    putDelegation(view, target, account, 0n, 0n);
    credit(view, account, amountMicro + pendingMicro);
  }
  for (const target of gone.values()) {
    const backing = backingOf(view, target) as Expert | Validator;
    const depositMicro = 'depositMicro' in backing ? backing.depositMicro : 0n;
    credit(view, backing.owner, backing.stakeMicro + depositMicro);
    if (target.role === 'expert') view.experts.delete(targetKey(target));
    else {
      view.validators.delete(target.node);
      forgetWeights(view, target.node);
    }
  }
  dropRotations(view, gone);
}

/** Who registers with this key one day begins without the weights and bonds of who had it before. */
function forgetWeights(view: StateView, node: string): void {
  for (const table of [view.weights, view.bonds, view.weightCommits])
    for (const [key] of sortedEntries<{ readonly validator: string }>(
      table,
      ({ validator }) => validator === node,
    ))
      table.delete(key);
}
