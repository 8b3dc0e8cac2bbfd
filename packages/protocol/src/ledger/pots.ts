import {
  type AccountId,
  type Amount,
  BPS,
  formatCredits,
  type MarketId,
  shareBps,
} from '@market-of-experts/core';
import type { StakeTarget } from '../fields/fields.ts';
import { type Refused, refused } from './outcome.ts';
import type { Backing, Expert, Validator } from './records.ts';
import { accountOf, type LedgerView, type Table, targetKey } from './state.ts';

/** The registration behind a target, or why there is none. */
export function backingOf(view: LedgerView, target: StakeTarget): Expert | Validator | Refused {
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
  view: LedgerView,
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
export function setBacking(view: LedgerView, target: StakeTarget, changes: Partial<Backing>): void {
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

export function credit(view: LedgerView, to: AccountId, amountMicro: Amount): void {
  if (amountMicro === 0n) return;
  const account = accountOf(view, to);
  view.accounts.set(to, { balanceMicro: account.balanceMicro + amountMicro, nonce: account.nonce });
}

/**
 * Pays what a node earned: to the owner his own stake's part and the commission, at once; the rest joins the delegated pot.
 * Parts are rounded down for delegators; what is left is the owner's, so nothing is lost.
 */
export function rewardNode(view: LedgerView, target: StakeTarget, amountMicro: Amount): void {
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
export function slashNode(view: LedgerView, target: StakeTarget, amountMicro: Amount): Slashed {
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
export function slashShare(view: LedgerView, target: StakeTarget, bps: number): Slashed {
  const { stakeMicro, unbondingMicro } = backingOf(view, target) as Backing;
  return slashNode(view, target, ((stakeMicro + unbondingMicro) * BigInt(bps) + BPS - 1n) / BPS);
}

/**
 * Ends money that somebody lost. Paid into any pool, slashed stake of delegators could come back to who had it slashed: by the
 * share of a market's owner, by the emission of a market that he ranks alone, or by closing it.
 */
export function burn(view: LedgerView, amountMicro: Amount): void {
  if (amountMicro === 0n) return;
  const network = view.network.get('network')!;
  view.network.set('network', {
    ...network,
    supplyMicro: network.supplyMicro - amountMicro,
    burntMicro: network.burntMicro + amountMicro,
  });
}

export function minimumOwnStake(view: LedgerView, target: StakeTarget): Amount {
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
export function backings(view: LedgerView): [StakeTarget, Expert | Validator][] {
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

/** Records (those to `keep`) in the order of their keys: what a rule does must not depend on how a map was filled. */
export function sortedEntries<Value>(
  table: Pick<Table<Value>, 'entries'>,
  keep: (value: Value, key: string) => boolean = () => true,
): (readonly [string, Value])[] {
  const kept: (readonly [string, Value])[] = [];
  for (const entry of table.entries()) if (keep(entry[1], entry[0])) kept.push(entry);
  return kept.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The records that belong to one target, in the order of their keys. */
export function recordsOf<Value>(
  table: Pick<Table<Value>, 'entries'>,
  target: StakeTarget,
): (readonly [string, Value])[] {
  const prefix = `${targetKey(target)}/`;
  return sortedEntries(table, (_, key) => key.startsWith(prefix));
}

export function addToPool(view: LedgerView, id: MarketId, amountMicro: Amount): void {
  const market = view.markets.get(id)!;
  view.markets.set(id, { ...market, poolMicro: market.poolMicro + amountMicro });
}
