import type { MarketId, NodeId } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import type { Rotation } from '../state/node-records.ts';
import { recordsOf, sortedEntries } from '../state/sorted-records.ts';
import {
  delegationKey,
  type StateView,
  type Table,
  targetKey,
  unbondingKey,
  weightsKey,
} from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { leaving, ownedBacking } from './pots.ts';

/**
 * Replaces a node's key, e.g. one that was lost. Stake, delegations, weights, bonds and permits stay; pay and penalties for
 * what the old key signed reach the new one ({@link currentTarget}). Once an epoch: each leaves a record.
 */
export function applyRotate(view: StateView, tx: TransactionOf<'rotate'>): Applied | Refused {
  const { target } = tx;
  const backing = ownedBacking(view, tx.from, target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(target, backing);
  const next: StakeTarget = { ...target, node: tx.next };
  const registered =
    next.role === 'expert' ? view.experts.get(targetKey(next)) : view.validators.get(next.node);
  if (registered !== undefined)
    return refused('already-registered', `Node ${tx.next} is registered here: make a fresh key.`);
  const problem = wasReplaced(view, next);
  if (problem !== undefined) return problem;
  const { epoch } = view.network.get('network')!;
  const earlier = sortedEntries(view.rotations, (rotation) => isCurrent(rotation, target));
  if (earlier.some(([, rotation]) => rotation.epoch === epoch))
    return refused(
      'limit-reached',
      `The key of node ${target.node} is new in this epoch; it can be replaced again in the next.`,
    );
  // Every replaced key leads straight to the present one: no chain to follow, however often keys are replaced.
  for (const [key, rotation] of earlier) view.rotations.set(key, { ...rotation, next: next.node });
  view.rotations.set(targetKey(target), { target, next: next.node, epoch });
  if (target.role === 'expert') {
    const expert = view.experts.get(targetKey(target))!;
    view.experts.delete(targetKey(target));
    view.experts.set(targetKey(next), { ...expert, node: next.node });
  } else moveValidator(view, target.node, tx.next);
  for (const [key, record] of recordsOf(view.delegations, target)) {
    view.delegations.delete(key);
    view.delegations.set(delegationKey(next, record.account), { ...record, target: next });
  }
  const offence = view.offences.get(targetKey(target));
  if (offence !== undefined) {
    view.offences.delete(targetKey(target));
    view.offences.set(targetKey(next), offence);
  }
  for (const [key, record] of recordsOf(view.unbondings, target)) {
    const moved = { ...record, target: next };
    view.unbondings.delete(key);
    view.unbondings.set(unbondingKey(moved), moved);
  }
  return APPLIED;
}

function moveValidator(view: StateView, from: NodeId, next: NodeId): void {
  const validator = view.validators.get(from)!;
  view.validators.delete(from);
  // The new key has shown no sign of life yet.
  const { seen: _, absent: __, ...rest } = validator;
  view.validators.set(next, { ...rest, node: next });
  moveWeights(view.weights, from, next);
  moveWeights(view.bonds, from, next);
  // A promise names its validator inside its hash: it cannot be opened by another key.
  for (const [key] of sortedEntries(view.weightCommits, (commit) => commit.validator === from))
    view.weightCommits.delete(key);
  for (const [key, ranking] of sortedEntries(view.rankings, ({ permits }) => permits.includes(from)))
    view.rankings.set(key, {
      ...ranking,
      permits: ranking.permits.map((node) => (node === from ? next : node)),
    });
}

function moveWeights<Record extends { readonly market: MarketId; readonly validator: NodeId }>(
  table: Table<Record>,
  from: NodeId,
  next: NodeId,
): void {
  for (const [key, record] of sortedEntries(table, ({ validator }) => validator === from)) {
    table.delete(key);
    table.set(weightsKey(record.market, next), { ...record, validator: next });
  }
}

/**
 * Why a key that was replaced cannot be registered again while its successor is: pay and penalties of the old key go to the
 * successor, so the new registration would be out of their reach.
 */
export function wasReplaced(view: StateView, target: StakeTarget): Refused | undefined {
  return view.rotations.get(targetKey(target)) === undefined
    ? undefined
    : refused('already-registered', `Node ${target.node} was replaced by another key: make a fresh one.`);
}

/** The target under its present key: itself, unless its key was replaced. */
export function currentTarget(view: StateView, target: StakeTarget): StakeTarget {
  const rotation = view.rotations.get(targetKey(target));
  return rotation === undefined ? target : { ...target, node: rotation.next };
}

/** Forgets the replaced keys of registrations that are gone. */
export function dropRotations(view: StateView, gone: ReadonlyMap<string, StakeTarget>): void {
  for (const [key] of sortedEntries(view.rotations, ({ target, next }) =>
    gone.has(targetKey({ ...target, node: next })),
  ))
    view.rotations.delete(key);
}

function isCurrent({ target, next }: Rotation, current: StakeTarget): boolean {
  return targetKey({ ...target, node: next }) === targetKey(current);
}
