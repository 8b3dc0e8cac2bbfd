import { type Amount, BPS, formatCredits, shareBps } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import { credit } from '../accounts/balances.ts';
import type { Backing, Expert, Validator } from '../state/node-records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import { type StateView, targetKey } from '../state/state.ts';
import { type Refused, refused } from '../transaction/outcome.ts';

/** The registration behind a target, or why there is none. */
export function backingOf(view: StateView, target: StakeTarget): Expert | Validator | Refused {
  const key = targetKey(target);
  const backing = target.role === 'expert' ? view.experts.get(key) : view.validators.get(target.node);
  if (backing !== undefined) return backing;
  return refused(
    'unknown-node',
    target.role === 'expert'
      ? `Node ${target.node} is not an expert of "${target.market}".`
      : `Node ${target.node} is not a validator.`,
  );
}

/** The same, of an owner who may change it. */
export function ownedBacking(
  view: StateView,
  owner: string,
  target: StakeTarget,
): Expert | Validator | Refused {
  const backing = backingOf(view, target);
  if ('applied' in backing || backing.owner === owner) return backing;
  return refused('not-authorised', `Node ${target.node} belongs to account ${backing.owner}.`);
}

/** Stake that counts: nothing of a node that is leaving. */
function countedMicro(backing: Backing | undefined): Amount {
  return backing === undefined || backing.leavesAtEpoch !== undefined ? 0n : backing.stakeMicro;
}

/** Replaces pots of a target; the network's sum of validator stake follows. */
export function setBacking(view: StateView, target: StakeTarget, changes: Partial<Backing>): void {
  const key = targetKey(target);
  if (target.role === 'expert') {
    view.experts.set(key, { ...view.experts.get(key)!, ...changes });
    return;
  }
  const before = view.validators.get(target.node)!;
  const after = { ...before, ...changes };
  view.validators.set(target.node, after);
  const network = view.network.get('network')!;
  view.network.set('network', {
    ...network,
    validatorStakeMicro: network.validatorStakeMicro + countedMicro(after) - countedMicro(before),
  });
}

/**
 * Pays what a node earned: to the owner his own stake's part and the commission, at once; the rest joins the delegated pot.
 * Parts are rounded down for delegators; what is left is the owner's, so nothing is lost.
 */
export function rewardNode(view: StateView, target: StakeTarget, amountMicro: Amount): void {
  const backing = backingOf(view, target) as Backing;
  const { stakeMicro, delegatedMicro, commissionBps } = backing;
  const theirsMicro = stakeMicro === 0n ? 0n : (amountMicro * delegatedMicro) / stakeMicro;
  const addedMicro = theirsMicro - shareBps(theirsMicro, commissionBps);
  if (addedMicro > 0n)
    setBacking(view, target, {
      stakeMicro: stakeMicro + addedMicro,
      delegatedMicro: delegatedMicro + addedMicro,
    });
  credit(view, backing.owner, amountMicro - addedMicro);
}

/** What a penalty took: all of it, and the part that was the owner's own stake. */
interface Slashed {
  readonly takenMicro: Amount;
  readonly ownMicro: Amount;
}

/**
 * Takes `amountMicro`, as far as it reaches, from own, delegated and unbonding stake in proportion. What rounding leaves over
 * is taken from the owner first. Nobody gets it: see {@link burn}.
 */
export function slashNode(view: StateView, target: StakeTarget, amountMicro: Amount): Slashed {
  const backing = backingOf(view, target) as Backing;
  const { stakeMicro, delegatedMicro, unbondingMicro } = backing;
  const totalMicro = stakeMicro + unbondingMicro;
  const takenMicro = amountMicro < totalMicro ? amountMicro : totalMicro;
  if (takenMicro === 0n) return { takenMicro, ownMicro: 0n };
  const ownMicro = stakeMicro - delegatedMicro;
  const delegated = (takenMicro * delegatedMicro) / totalMicro;
  const unbonding = (takenMicro * unbondingMicro) / totalMicro;
  const wantedOwn = takenMicro - delegated - unbonding;
  const own = wantedOwn < ownMicro ? wantedOwn : ownMicro;
  let restMicro = wantedOwn - own;
  const moreDelegated = restMicro < delegatedMicro - delegated ? restMicro : delegatedMicro - delegated;
  restMicro -= moreDelegated;
  setBacking(view, target, {
    stakeMicro: stakeMicro - own - delegated - moreDelegated,
    delegatedMicro: delegatedMicro - delegated - moreDelegated,
    unbondingMicro: unbondingMicro - unbonding - restMicro,
  });
  return { takenMicro, ownMicro: own };
}

/** Share of everything that is at risk behind a node, being unbonded or not; rounded up, so that a small stake pays, too. */
export function slashShare(view: StateView, target: StakeTarget, bps: number): Slashed {
  const { stakeMicro, unbondingMicro } = backingOf(view, target) as Backing;
  return slashNode(view, target, ((stakeMicro + unbondingMicro) * BigInt(bps) + BPS - 1n) / BPS);
}

export function minimumOwnStake(view: StateView, target: StakeTarget): Amount {
  return target.role === 'expert'
    ? view.markets.get(target.market)!.terms.parameters.minimumStakeMicro
    : view.network.get('network')!.minValidatorStakeMicro;
}

export function stakeTooSmall(stakeMicro: Amount, minimumMicro: Amount): Refused | undefined {
  return stakeMicro < minimumMicro
    ? refused(
        'insufficient-stake',
        `An own stake of ${formatCredits(stakeMicro)} credits is below the minimum of ${formatCredits(minimumMicro)}.`,
      )
    : undefined;
}

export function leaving({ node }: StakeTarget, { leavesAtEpoch }: Backing): Refused {
  return refused(
    'node-leaving',
    `Node ${node} is leaving: everything behind it is paid out when epoch ${leavesAtEpoch} begins.`,
  );
}

/** All registrations, in the order of their keys. */
export function backings(view: StateView): [StakeTarget, Expert | Validator][] {
  return [
    ...sortedEntries(view.experts).map(([, expert]): [StakeTarget, Expert] => [
      { role: 'expert', market: expert.market, node: expert.node },
      expert,
    ]),
    ...sortedEntries(view.validators).map(([, validator]): [StakeTarget, Validator] => [
      { role: 'validator', node: validator.node },
      validator,
    ]),
  ];
}
