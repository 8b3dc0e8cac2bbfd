import {
  addToPool,
  backingOf,
  backings,
  credit,
  pend,
  setBacking,
  sharesFor,
  sortedEntries,
  worthOf,
} from './pots.ts';
import { currentTarget } from './rotation.ts';
import { type Backing, type Expert, type LedgerView, targetKey, type Validator } from './state.ts';
import type { StakeTarget } from './transaction.ts';

/** What waited for the epoch joins the stake. Called at the end of an epoch, after its pay. */
export function activatePending(view: LedgerView): void {
  for (const [key, delegation] of sortedEntries(view.delegations)) {
    const { target, account, shares, pendingMicro } = delegation;
    if (pendingMicro === 0n) continue;
    const backing = backingOf(view, target) as Backing;
    const isOwn = backing.owner === account;
    const issued = isOwn ? 0n : sharesFor(pendingMicro, backing.delegatedMicro, backing.delegationShares);
    const isTaken = backing.leavesAtEpoch === undefined && (isOwn || (issued !== undefined && issued > 0n));
    if (isTaken)
      setBacking(view, target, {
        pendingMicro: backing.pendingMicro - pendingMicro,
        stakeMicro: backing.stakeMicro + pendingMicro,
        delegatedMicro: backing.delegatedMicro + (isOwn ? 0n : pendingMicro),
        delegationShares: backing.delegationShares + (issued ?? 0n),
      });
    else {
      setBacking(view, target, { pendingMicro: backing.pendingMicro - pendingMicro });
      credit(view, account, pendingMicro);
    }
    const held = shares + (isTaken ? (issued ?? 0n) : 0n);
    if (held === 0n) view.delegations.delete(key);
    else view.delegations.set(key, { ...delegation, shares: held, pendingMicro: 0n });
  }
}

/** Commissions whose notice is over begin. */
export function beginCommissions(view: LedgerView, epoch: number): void {
  for (const [target, backing] of backings(view)) {
    const { nextCommission, ...rest } = backing;
    if (nextCommission === undefined || nextCommission.fromEpoch > epoch) continue;
    const changed = { ...rest, commissionBps: nextCommission.bps };
    if (target.role === 'expert') view.experts.set(targetKey(target), changed as Expert);
    else view.validators.set(target.node, changed as Validator);
  }
}

/** Pays out, or delegates anew, what is unbonded when `epoch` begins. */
export function releaseUnbonded(view: LedgerView, epoch: number): void {
  for (const [key, { target, account, releaseEpoch, shares, to }] of sortedEntries(view.unbondings)) {
    if (releaseEpoch > epoch) continue;
    const { unbondingMicro, unbondingShares } = backingOf(view, target) as Backing;
    const amountMicro = worthOf(shares, unbondingMicro, unbondingShares);
    view.unbondings.delete(key);
    setBacking(view, target, {
      unbondingMicro: unbondingMicro - amountMicro,
      unbondingShares: unbondingShares - shares,
    });
    const delegated = to === undefined ? undefined : currentTarget(view, to);
    const next = delegated === undefined ? undefined : backingOf(view, delegated);
    if (amountMicro === 0n) continue;
    if (
      delegated === undefined ||
      next === undefined ||
      'applied' in next ||
      next.leavesAtEpoch !== undefined
    )
      credit(view, account, amountMicro);
    else pend(view, delegated, next, account, amountMicro);
  }
}

export function isImmune(view: LedgerView, { immuneUntilEpoch }: Expert): boolean {
  return view.network.get('network')!.epoch < immuneUntilEpoch;
}

/**
 * Takes a node out of service: it keeps its record, and can be slashed, until everything behind it is paid out. Its deposit
 * goes to the market's pool where it is forfeited.
 */
export function leave(view: LedgerView, target: StakeTarget, forfeitsDeposit: boolean): void {
  const { epoch, rules } = view.network.get('network')!;
  setBacking(view, target, { leavesAtEpoch: epoch + rules.unbondingEpochs });
  if (target.role === 'validator') {
    const network = view.network.get('network')!;
    view.network.set('network', { ...network, validatorCount: network.validatorCount - 1 });
    return;
  }
  const market = view.markets.get(target.market)!;
  view.markets.set(target.market, { ...market, expertCount: market.expertCount - 1 });
  if (forfeitsDeposit) {
    const expert = view.experts.get(targetKey(target))!;
    addToPool(view, target.market, expert.depositMicro);
    view.experts.set(targetKey(target), { ...expert, depositMicro: 0n });
  }
}

/** Ends registrations whose time has come; everything behind them goes back to whose it is. */
export function releaseLeaving(view: LedgerView, epoch: number): void {
  const gone = new Map(
    backings(view)
      .filter(([, { leavesAtEpoch }]) => leavesAtEpoch !== undefined && leavesAtEpoch <= epoch)
      .map(([target]) => [targetKey(target), target] as const),
  );
  if (gone.size === 0) return;
  for (const [key, { target, account, shares, pendingMicro }] of sortedEntries(view.delegations)) {
    if (!gone.has(targetKey(target))) continue;
    const backing = backingOf(view, target) as Backing;
    const amountMicro = worthOf(shares, backing.delegatedMicro, backing.delegationShares);
    setBacking(view, target, {
      pendingMicro: backing.pendingMicro - pendingMicro,
      stakeMicro: backing.stakeMicro - amountMicro,
      delegatedMicro: backing.delegatedMicro - amountMicro,
      delegationShares: backing.delegationShares - shares,
    });
    view.delegations.delete(key);
    credit(view, account, amountMicro + pendingMicro);
  }
  for (const [key, { target, account, shares }] of sortedEntries(view.unbondings)) {
    if (!gone.has(targetKey(target))) continue;
    const { unbondingMicro, unbondingShares } = backingOf(view, target) as Backing;
    const amountMicro = worthOf(shares, unbondingMicro, unbondingShares);
    view.unbondings.delete(key);
    setBacking(view, target, {
      unbondingMicro: unbondingMicro - amountMicro,
      unbondingShares: unbondingShares - shares,
    });
    credit(view, account, amountMicro);
  }
  for (const target of gone.values()) {
    const backing = backingOf(view, target) as Expert | Validator;
    // Own stake, and whatever worthless shares left behind.
    const depositMicro = 'depositMicro' in backing ? backing.depositMicro : 0n;
    credit(
      view,
      backing.owner,
      backing.stakeMicro + backing.unbondingMicro + backing.pendingMicro + depositMicro,
    );
    if (target.role === 'expert') view.experts.delete(targetKey(target));
    else view.validators.delete(target.node);
  }
}
