import type { AccountId, Amount } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import type { Backing } from '../state/node-records.ts';
import { delegationKey, type StateView } from '../state/state.ts';
import { backingOf, setBacking } from './pots.ts';

/** Replaces what an account has on a node (nothing leaves no record); the node's number of records follows. */
export function putDelegation(
  view: StateView,
  target: StakeTarget,
  account: AccountId,
  shares: bigint,
  pendingMicro: Amount,
): void {
  const key = delegationKey(target, account);
  const isThere = view.delegations.get(key) !== undefined;
  const isWanted = shares > 0n || pendingMicro > 0n;
  if (isWanted) view.delegations.set(key, { target, account, shares, pendingMicro });
  else if (isThere) view.delegations.delete(key);
  if (isThere === isWanted) return;
  const { delegationCount } = backingOf(view, target) as Backing;
  setBacking(view, target, { delegationCount: delegationCount + (isWanted ? 1 : -1) });
}

/** Adds money that counts from the next epoch on. */
export function pend(view: StateView, target: StakeTarget, account: AccountId, amountMicro: Amount): void {
  const before = view.delegations.get(delegationKey(target, account));
  const { pendingMicro } = backingOf(view, target) as Backing;
  putDelegation(view, target, account, before?.shares ?? 0n, (before?.pendingMicro ?? 0n) + amountMicro);
  setBacking(view, target, { pendingMicro: pendingMicro + amountMicro });
}

/** Gives back money that does not count yet; there must be so much of it. */
export function takePending(
  view: StateView,
  target: StakeTarget,
  account: AccountId,
  amountMicro: Amount,
): void {
  if (amountMicro === 0n) return;
  const before = view.delegations.get(delegationKey(target, account))!;
  const { pendingMicro } = backingOf(view, target) as Backing;
  putDelegation(view, target, account, before.shares, before.pendingMicro - amountMicro);
  setBacking(view, target, { pendingMicro: pendingMicro - amountMicro });
}

/** True where one more account would be one too many. */
export function isCrowded(view: StateView, target: StakeTarget, account: AccountId): boolean {
  if (view.delegations.get(delegationKey(target, account)) !== undefined) return false;
  return (backingOf(view, target) as Backing).delegationCount >= limits.delegatorsPerNode;
}
