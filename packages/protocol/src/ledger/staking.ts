import { type AccountId, type Amount, formatCredits } from '@moe/core';
import { spend } from './money.ts';
import { APPLIED, type Applied, type Refused, refused } from './outcome.ts';
import {
  backingOf,
  credit,
  leaving,
  minimumOwnStake,
  ownedBacking,
  pend,
  setBacking,
  sharesFor,
  stakeTooSmall,
  worthOf,
} from './pots.ts';
import { type Backing, delegationKey, type LedgerView, targetKey, unbondingKey } from './state.ts';
import type { StakeTarget, TransactionOf } from './transaction.ts';

/** The owner adds to his own stake; it counts from the next epoch on. */
export function applyStake(view: LedgerView, tx: TransactionOf<'stake'>): Applied | Refused {
  const backing = ownedBacking(view, tx.from, tx.target);
  if ('applied' in backing) return backing;
  return addPending(view, tx, backing);
}

/** Anybody but the owner stakes on a node. Counts, earns and is at risk from the next epoch on. */
export function applyDelegate(view: LedgerView, tx: TransactionOf<'delegate'>): Applied | Refused {
  const backing = backingOf(view, tx.target);
  if ('applied' in backing) return backing;
  if (backing.owner === tx.from)
    return refused('not-authorised', `Node ${tx.target.node} is your own: stake on it instead.`);
  const { minDelegationMicro } = view.network.get('network')!.rules;
  if (tx.amountMicro < minDelegationMicro)
    return refused(
      'insufficient-stake',
      `A delegation of ${formatCredits(tx.amountMicro)} credits is below the minimum of ${formatCredits(minDelegationMicro)}.`,
    );
  return addPending(view, tx, backing);
}

function addPending(
  view: LedgerView,
  tx: TransactionOf<'stake' | 'delegate'>,
  backing: Backing,
): Applied | Refused {
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  const problem = spend(view, tx, tx.amountMicro);
  if (problem !== undefined) return problem;
  pend(view, tx.target, backing, tx.from, tx.amountMicro);
  return APPLIED;
}

/** The owner takes out of his own stake. What stays must reach the minimum; `deregister` takes everything back. */
export function applyUnstake(view: LedgerView, tx: TransactionOf<'unstake'>): Applied | Refused {
  const backing = ownedBacking(view, tx.from, tx.target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  const ownMicro = backing.stakeMicro - backing.delegatedMicro;
  const pendingMicro = view.delegations.get(delegationKey(tx.target, tx.from))?.pendingMicro ?? 0n;
  const restMicro = tx.amountMicro > pendingMicro ? tx.amountMicro - pendingMicro : 0n;
  if (ownMicro < restMicro)
    return refused(
      'insufficient-stake',
      `Your own stake is ${formatCredits(ownMicro)} credits; ${formatCredits(restMicro)} cannot be taken out.`,
    );
  const minimumMicro = minimumOwnStake(view, tx.target);
  const problem = restMicro === 0n ? undefined : stakeTooSmall(ownMicro - restMicro, minimumMicro);
  if (problem !== undefined) return problem;
  unbond(view, tx.target, tx.from, takePending(view, tx.target, tx.from, tx.amountMicro));
  return APPLIED;
}

/** A delegator takes out money, first what does not count yet, at once; the rest is unbonded. */
export function applyUndelegate(view: LedgerView, tx: TransactionOf<'undelegate'>): Applied | Refused {
  return takeOut(view, tx, undefined);
}

/** … and has it delegated to another node when it is unbonded. */
export function applyRedelegate(view: LedgerView, tx: TransactionOf<'redelegate'>): Applied | Refused {
  const to = backingOf(view, tx.to);
  if ('applied' in to) return to;
  if (targetKey(tx.to) === targetKey(tx.target))
    return refused('not-authorised', 'The stake is delegated there already: name another node.');
  if (to.owner === tx.from)
    return refused('not-authorised', `Node ${tx.to.node} is your own: undelegate, then stake on it.`);
  if (to.leavesAtEpoch !== undefined) return leaving(tx.to, to);
  return takeOut(view, tx, tx.to);
}

function takeOut(
  view: LedgerView,
  tx: TransactionOf<'undelegate' | 'redelegate'>,
  to: StakeTarget | undefined,
): Applied | Refused {
  const backing = backingOf(view, tx.target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  const before = view.delegations.get(delegationKey(tx.target, tx.from));
  const { delegatedMicro, delegationShares } = backing;
  const heldMicro = worthOf(before?.shares ?? 0n, delegatedMicro, delegationShares);
  const pendingMicro = before?.pendingMicro ?? 0n;
  if (before === undefined || backing.owner === tx.from || heldMicro + pendingMicro < tx.amountMicro)
    return refused(
      'insufficient-stake',
      `You have ${formatCredits(backing.owner === tx.from ? 0n : heldMicro + pendingMicro)} credits delegated there; ${formatCredits(tx.amountMicro)} cannot be taken out.`,
    );
  const restMicro = takePending(view, tx.target, tx.from, tx.amountMicro);
  if (restMicro > 0n || heldMicro === 0n) takeShares(view, tx, before.shares, restMicro, to);
  return APPLIED;
}

/** Moves money from the delegated pot to the unbonding one. A rest below the minimum goes along. */
function takeShares(
  view: LedgerView,
  tx: TransactionOf<'undelegate' | 'redelegate'>,
  held: bigint,
  wantedMicro: Amount,
  to: StakeTarget | undefined,
): void {
  const backing = backingOf(view, tx.target) as Backing;
  const { delegatedMicro, delegationShares } = backing;
  const heldMicro = worthOf(held, delegatedMicro, delegationShares);
  const { minDelegationMicro } = view.network.get('network')!.rules;
  const isAll = heldMicro - wantedMicro < minDelegationMicro;
  // Shares are rounded up and money down: who stays never loses by who goes.
  const shares = isAll ? held : (wantedMicro * delegationShares + delegatedMicro - 1n) / delegatedMicro;
  const takenMicro = isAll ? heldMicro : wantedMicro;
  const key = delegationKey(tx.target, tx.from);
  const delegation = view.delegations.get(key);
  if (delegation !== undefined) {
    const left = { ...delegation, shares: delegation.shares - shares };
    if (left.shares === 0n && left.pendingMicro === 0n) view.delegations.delete(key);
    else view.delegations.set(key, left);
  }
  setBacking(view, tx.target, {
    stakeMicro: backing.stakeMicro - takenMicro,
    delegatedMicro: delegatedMicro - takenMicro,
    delegationShares: delegationShares - shares,
  });
  addUnbonding(view, tx.target, tx.from, takenMicro, to);
}

/** Gives back what does not count yet, as far as it is wanted; the result is what is still wanted. */
function takePending(view: LedgerView, target: StakeTarget, account: AccountId, wantedMicro: Amount): Amount {
  const key = delegationKey(target, account);
  const delegation = view.delegations.get(key);
  const pendingMicro = delegation?.pendingMicro ?? 0n;
  if (delegation === undefined || pendingMicro === 0n) return wantedMicro;
  const backMicro = pendingMicro < wantedMicro ? pendingMicro : wantedMicro;
  const left = { ...delegation, pendingMicro: pendingMicro - backMicro };
  if (left.shares === 0n && left.pendingMicro === 0n) view.delegations.delete(key);
  else view.delegations.set(key, left);
  const backing = backingOf(view, target) as Backing;
  setBacking(view, target, { pendingMicro: backing.pendingMicro - backMicro });
  credit(view, account, backMicro);
  return wantedMicro - backMicro;
}

/** Moves own stake to the unbonding pot. */
function unbond(view: LedgerView, target: StakeTarget, account: AccountId, amountMicro: Amount): void {
  if (amountMicro === 0n) return;
  const backing = backingOf(view, target) as Backing;
  setBacking(view, target, { stakeMicro: backing.stakeMicro - amountMicro });
  addUnbonding(view, target, account, amountMicro, undefined);
}

function addUnbonding(
  view: LedgerView,
  target: StakeTarget,
  account: AccountId,
  amountMicro: Amount,
  to: StakeTarget | undefined,
): void {
  if (amountMicro === 0n) return;
  const backing = backingOf(view, target) as Backing;
  const { unbondingMicro, unbondingShares } = backing;
  const shares = sharesFor(amountMicro, unbondingMicro, unbondingShares);
  // A pot slashed to nothing holds only worthless shares: newcomers begin a new count beside them.
  const issued = shares ?? amountMicro * (unbondingShares + 1n);
  const { epoch, rules } = view.network.get('network')!;
  const entry = {
    target,
    account,
    releaseEpoch: epoch + rules.unbondingEpochs,
    ...(to === undefined ? {} : { to }),
  };
  const key = unbondingKey(entry);
  view.unbondings.set(key, {
    ...entry,
    shares: (view.unbondings.get(key)?.shares ?? 0n) + issued,
  });
  setBacking(view, target, {
    unbondingMicro: unbondingMicro + amountMicro,
    unbondingShares: unbondingShares + issued,
  });
}

/** Announces a commission; it begins after the network's notice, so that whoever disagrees can leave before. */
export function applySetCommission(view: LedgerView, tx: TransactionOf<'setCommission'>): Applied | Refused {
  const backing = ownedBacking(view, tx.from, tx.target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  const { epoch, rules } = view.network.get('network')!;
  setBacking(view, tx.target, {
    nextCommission: { bps: tx.commissionBps, fromEpoch: epoch + rules.noticeEpochs },
  });
  return APPLIED;
}
