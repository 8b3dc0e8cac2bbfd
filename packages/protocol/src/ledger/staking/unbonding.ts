import type { AccountId, Amount } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import { credit } from '../accounts/balances.ts';
import type { Backing } from '../state/node-records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import { delegationKey, type StateView, unbondingKey } from '../state/state.ts';
import { isCrowded, pend } from './delegations.ts';
import { backingOf, setBacking } from './pots.ts';
import { currentTarget } from './rotation.ts';
import { adjustShares, sharesFor, worthOf } from './shares.ts';

/** Puts money that was taken out of a node's stake into its unbonding pot. */
export function addUnbonding(
  view: StateView,
  target: StakeTarget,
  account: AccountId,
  amountMicro: Amount,
  to: StakeTarget | undefined,
): void {
  if (amountMicro === 0n) return;
  adjustShares(view, target, 'unbonding', amountMicro);
  const { unbondingMicro, unbondingShares } = backingOf(view, target) as Backing;
  const issued = sharesFor(amountMicro, unbondingMicro, unbondingShares);
  const { epoch, rules } = view.network.get('network')!;
  const entry = {
    target,
    account,
    releaseEpoch: epoch + rules.unbondingEpochs,
    ...(to === undefined ? {} : { to }),
  };
  const key = unbondingKey(entry);
  view.unbondings.set(key, { ...entry, shares: (view.unbondings.get(key)?.shares ?? 0n) + issued });
  setBacking(view, target, {
    unbondingMicro: unbondingMicro + amountMicro,
    unbondingShares: unbondingShares + issued,
  });
}

/** Pays out, or delegates anew, what is unbonded when `epoch` begins. */
export function releaseUnbonded(view: StateView, epoch: number): void {
  const due = sortedEntries(view.unbondings, ({ releaseEpoch }) => releaseEpoch <= epoch);
  for (const [key, { target, account, shares, to }] of due) {
    const { unbondingMicro, unbondingShares } = backingOf(view, target) as Backing;
    const amountMicro = worthOf(shares, unbondingMicro, unbondingShares);
    view.unbondings.delete(key);
    setBacking(view, target, {
      unbondingMicro: unbondingMicro - amountMicro,
      unbondingShares: unbondingShares - shares,
    });
    if (amountMicro === 0n) continue;
    const next = to && takerOf(view, to, account, amountMicro);
    if (next === undefined) credit(view, account, amountMicro);
    else pend(view, next, account, amountMicro);
  }
}

/** Where redelegated money goes: nowhere if the node is gone or leaving, is full, or slashes have left too little. */
function takerOf(
  view: StateView,
  to: StakeTarget,
  account: AccountId,
  amountMicro: Amount,
): StakeTarget | undefined {
  const target = currentTarget(view, to);
  const backing = backingOf(view, target);
  if ('applied' in backing || backing.leavesAtEpoch !== undefined || backing.owner === account)
    return undefined;
  const isNew = view.delegations.get(delegationKey(target, account)) === undefined;
  if (isNew && amountMicro < view.network.get('network')!.rules.minDelegationMicro) return undefined;
  return isCrowded(view, target, account) ? undefined : target;
}
