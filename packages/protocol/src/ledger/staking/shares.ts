import type { Amount } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import type { Backing } from '../state/node-records.ts';
import { recordsOf } from '../state/sorted-records.ts';
import type { StateView } from '../state/state.ts';
import { putDelegation } from './delegations.ts';
import { backingOf, setBacking } from './pots.ts';

/** The two pots of a registration that many hold shares of. */
export type SharedPot = 'delegated' | 'unbonding';

/** Shares are written down in 64 bits. */
export const MAX_SHARES = 2n ** 63n;

/** What `shares` of a pot are worth, rounded down: what is lost to rounding stays with the others in the pot. */
export function worthOf(shares: bigint, potMicro: Amount, potShares: bigint): Amount {
  return potShares === 0n ? 0n : (shares * potMicro) / potShares;
}

/** Shares for money that enters a pot, rounded down; {@link adjustShares} came before. */
export function sharesFor(amountMicro: Amount, potMicro: Amount, potShares: bigint): bigint {
  return potShares === 0n ? amountMicro : (amountMicro * potShares) / potMicro;
}

/**
 * Counts the shares of a pot anew where their number has become too small or too large; called before money enters, or
 * leaves in part. Everybody's part stays what it is, but for less than a micro-credit. Afterwards
 * - a share is worth at most one micro-credit, so nobody can make shares dear (a large reward on a small pot) and keep what
 *   the rounding of newcomers leaves over;
 * - there is no pot without money that has shares: who holds shares of nothing cannot keep newcomers out;
 * - with `comingMicro` more there are at most {@link MAX_SHARES}: slashes make shares cheap, and cheap shares many.
 */
export function adjustShares(
  view: StateView,
  target: StakeTarget,
  pot: SharedPot,
  comingMicro: Amount,
): void {
  const first = contentOf(view, target, pot);
  if (first.shares === 0n) return;
  if (first.micro === 0n) return recount(view, target, pot, () => 0n);
  const grown = first.shares * (first.micro + comingMicro);
  if (grown > first.micro * MAX_SHARES) {
    const divisor = quotientUp(grown, first.micro * (MAX_SHARES / 2n));
    recount(view, target, pot, (shares) => shares / divisor);
  }
  const { micro, shares: few } = contentOf(view, target, pot);
  if (few > 0n && few < micro) {
    const factor = quotientUp(micro, few);
    recount(view, target, pot, (shares) => shares * factor);
  }
}

function contentOf(view: StateView, target: StakeTarget, pot: SharedPot): { micro: Amount; shares: bigint } {
  const backing = backingOf(view, target) as Backing;
  return pot === 'delegated'
    ? { micro: backing.delegatedMicro, shares: backing.delegationShares }
    : { micro: backing.unbondingMicro, shares: backing.unbondingShares };
}

/** Where nobody holds a share any more, what is left (less than a micro-credit of each) is the owner's. */
function recount(
  view: StateView,
  target: StakeTarget,
  pot: SharedPot,
  change: (shares: bigint) => bigint,
): void {
  let total = 0n;
  if (pot === 'delegated')
    for (const [, { account, shares, pendingMicro }] of recordsOf(view.delegations, target)) {
      const changed = change(shares);
      total += changed;
      putDelegation(view, target, account, changed, pendingMicro);
    }
  else
    for (const [key, unbonding] of recordsOf(view.unbondings, target)) {
      const shares = change(unbonding.shares);
      total += shares;
      if (shares > 0n) view.unbondings.set(key, { ...unbonding, shares });
      else view.unbondings.delete(key);
    }
  const { stakeMicro, unbondingMicro } = backingOf(view, target) as Backing;
  if (pot === 'delegated')
    setBacking(view, target, { delegationShares: total, ...(total === 0n ? { delegatedMicro: 0n } : {}) });
  else
    setBacking(view, target, {
      unbondingShares: total,
      ...(total === 0n ? { unbondingMicro: 0n, stakeMicro: stakeMicro + unbondingMicro } : {}),
    });
}

export function quotientUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
