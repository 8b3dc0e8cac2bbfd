import { type Amount, formatCredits } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import { credit, spend } from '../accounts/balances.ts';
import type { Backing } from '../state/node-records.ts';
import { delegationKey, type StateView, targetKey } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { isCrowded, pend, putDelegation, takePending } from './delegations.ts';
import { backingOf, leaving, minimumOwnStake, ownedBacking, setBacking, stakeTooSmall } from './pots.ts';
import { adjustShares, quotientUp, worthOf } from './shares.ts';
import { addUnbonding } from './unbonding.ts';

/** The owner adds to his own stake; it counts from the next epoch on. */
export function applyStake(view: StateView, tx: TransactionOf<'stake'>): Applied | Refused {
  const backing = ownedBacking(view, tx.from, tx.target);
  if ('applied' in backing) return backing;
  return addPending(view, tx, backing);
}

/** Anybody but the owner stakes on a node. Counts, earns and is at risk from the next epoch on. */
export function applyDelegate(view: StateView, tx: TransactionOf<'delegate'>): Applied | Refused {
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
  if (isCrowded(view, tx.target, tx.from))
    return refused(
      'limit-reached',
      `Node ${tx.target.node} has ${backing.delegationCount} delegators, the most it takes: choose another.`,
    );
  return addPending(view, tx, backing);
}

function addPending(
  view: StateView,
  tx: TransactionOf<'stake' | 'delegate'>,
  backing: Backing,
): Applied | Refused {
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  const problem = spend(view, tx, tx.amountMicro);
  if (problem !== undefined) return problem;
  pend(view, tx.target, tx.from, tx.amountMicro);
  return APPLIED;
}

/** The owner takes out of his own stake. What stays must reach the minimum; `deregister` takes everything back. */
export function applyUnstake(view: StateView, tx: TransactionOf<'unstake'>): Applied | Refused {
  const backing = ownedBacking(view, tx.from, tx.target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  const ownMicro = backing.stakeMicro - backing.delegatedMicro;
  const pendingMicro = view.delegations.get(delegationKey(tx.target, tx.from))?.pendingMicro ?? 0n;
  const backMicro = tx.amountMicro < pendingMicro ? tx.amountMicro : pendingMicro;
  const restMicro = tx.amountMicro - backMicro;
  if (ownMicro < restMicro)
    return refused(
      'insufficient-stake',
      `Your own stake is ${formatCredits(ownMicro)} credits; ${formatCredits(restMicro)} cannot be taken out.`,
    );
  const minimumMicro = minimumOwnStake(view, tx.target);
  const problem = restMicro === 0n ? undefined : stakeTooSmall(ownMicro - restMicro, minimumMicro);
  if (problem !== undefined) return problem;
  takePending(view, tx.target, tx.from, backMicro);
  credit(view, tx.from, backMicro);
  setBacking(view, tx.target, { stakeMicro: backing.stakeMicro - restMicro });
  addUnbonding(view, tx.target, tx.from, restMicro, undefined);
  return APPLIED;
}

/**
 * A delegator takes out money, first what does not count yet, at once; the rest is unbonded. What would stay below the
 * network's minimum goes along, and nothing below it is unbonded alone: dust would fill the ledger.
 */
export function applyUndelegate(view: StateView, tx: TransactionOf<'undelegate'>): Applied | Refused {
  return takeOut(view, tx, undefined);
}

/** … and has it delegated to another node when it is unbonded. */
export function applyRedelegate(view: StateView, tx: TransactionOf<'redelegate'>): Applied | Refused {
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
  view: StateView,
  tx: TransactionOf<'undelegate' | 'redelegate'>,
  to: StakeTarget | undefined,
): Applied | Refused {
  const backing = backingOf(view, tx.target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  // What the owner has there is not delegated.
  const delegation =
    backing.owner === tx.from ? undefined : view.delegations.get(delegationKey(tx.target, tx.from));
  const heldMicro = worthOf(delegation?.shares ?? 0n, backing.delegatedMicro, backing.delegationShares);
  const pendingMicro = delegation?.pendingMicro ?? 0n;
  const leftMicro = heldMicro + pendingMicro - tx.amountMicro;
  if (leftMicro < 0n)
    return refused(
      'insufficient-stake',
      `You have ${formatCredits(heldMicro + pendingMicro)} credits delegated there; ${formatCredits(tx.amountMicro)} cannot be taken out.`,
    );
  const { minDelegationMicro } = view.network.get('network')!.rules;
  const isAll = leftMicro === 0n || leftMicro < minDelegationMicro;
  const backMicro = isAll || tx.amountMicro > pendingMicro ? pendingMicro : tx.amountMicro;
  const restMicro = isAll ? heldMicro : tx.amountMicro - backMicro;
  if (restMicro > 0n && restMicro < minDelegationMicro && !isAll)
    return refused(
      'insufficient-stake',
      `${formatCredits(minDelegationMicro)} credits or more are unbonded at a time, or all: ${formatCredits(backMicro)} do not count yet and come back at once, but ${formatCredits(restMicro)} would have to be unbonded.`,
    );
  takePending(view, tx.target, tx.from, backMicro);
  credit(view, tx.from, backMicro);
  takeShares(view, tx, restMicro, isAll);
  addUnbonding(view, tx.target, tx.from, restMicro, to);
  return APPLIED;
}

/** Takes money out of the delegated pot. Shares are rounded up and money down: who stays never loses by who goes. */
function takeShares(
  view: StateView,
  { target, from }: TransactionOf<'undelegate' | 'redelegate'>,
  amountMicro: Amount,
  isAll: boolean,
): void {
  adjustShares(view, target, 'delegated', 0n);
  const delegation = view.delegations.get(delegationKey(target, from));
  if (delegation === undefined) return;
  const { stakeMicro, delegatedMicro, delegationShares } = backingOf(view, target) as Backing;
  const shares = isAll
    ? delegation.shares
    : amountMicro === 0n
      ? 0n
      : quotientUp(amountMicro * delegationShares, delegatedMicro);
  putDelegation(view, target, from, delegation.shares - shares, delegation.pendingMicro);
  setBacking(view, target, {
    stakeMicro: stakeMicro - amountMicro,
    delegatedMicro: delegatedMicro - amountMicro,
    delegationShares: delegationShares - shares,
  });
}

/** Announces a commission; it begins after the network's notice, so that whoever disagrees can leave before. */
export function applySetCommission(view: StateView, tx: TransactionOf<'setCommission'>): Applied | Refused {
  const backing = ownedBacking(view, tx.from, tx.target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  const { epoch, rules } = view.network.get('network')!;
  setBacking(view, tx.target, {
    nextCommission: { bps: tx.commissionBps, fromEpoch: epoch + rules.noticeEpochs },
  });
  return APPLIED;
}
