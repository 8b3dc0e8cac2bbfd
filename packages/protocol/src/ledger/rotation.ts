import { APPLIED, type Applied, type Refused, refused } from './outcome.ts';
import { leaving, ownedBacking, sortedEntries } from './pots.ts';
import { delegationKey, type LedgerView, type Table, targetKey, unbondingKey, weightsKey } from './state.ts';
import type { StakeTarget, TransactionOf } from './transaction.ts';

/**
 * Replaces a node's key, e.g. one that was lost. Stake, delegations, weights and bonds stay; pay and penalties for what
 * the old key signed reach the new one ({@link currentTarget}).
 */
export function applyRotate(view: LedgerView, tx: TransactionOf<'rotate'>): Applied | Refused {
  const { target } = tx;
  const backing = ownedBacking(view, tx.from, target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(target, backing);
  const next: StakeTarget = { ...target, node: tx.next };
  const registered =
    next.role === 'expert' ? view.experts.get(targetKey(next)) : view.validators.get(next.node);
  if (registered !== undefined || view.rotations.get(targetKey(next)) !== undefined)
    return refused('already-registered', `Node ${tx.next} is, or was, registered here: make a fresh key.`);
  if (target.role === 'expert') {
    const expert = view.experts.get(targetKey(target))!;
    view.experts.delete(targetKey(target));
    view.experts.set(targetKey(next), { ...expert, node: next.node });
  } else {
    const validator = view.validators.get(target.node)!;
    view.validators.delete(target.node);
    view.validators.set(next.node, { ...validator, node: next.node });
    moveRecords(view.weights, target.node, (record) => {
      const moved = { ...record, validator: next.node };
      return [weightsKey(moved.market, moved.validator), moved];
    });
    moveRecords(view.bonds, target.node, (record) => {
      const moved = { ...record, validator: next.node };
      return [weightsKey(moved.market, moved.validator), moved];
    });
    // A promise names its validator inside its hash: it cannot be opened by another key.
    for (const [key, { validator }] of sortedEntries(view.weightCommits))
      if (validator === target.node) view.weightCommits.delete(key);
  }
  for (const [key, record] of sortedEntries(view.delegations)) {
    if (targetKey(record.target) !== targetKey(target)) continue;
    view.delegations.delete(key);
    view.delegations.set(delegationKey(next, record.account), { ...record, target: next });
  }
  for (const [key, record] of sortedEntries(view.unbondings)) {
    if (targetKey(record.target) !== targetKey(target)) continue;
    const moved = { ...record, target: next };
    view.unbondings.delete(key);
    view.unbondings.set(unbondingKey(moved), moved);
  }
  view.rotations.set(targetKey(target), { target, next: next.node });
  return APPLIED;
}

function moveRecords<Record extends { readonly validator: string }>(
  table: Table<Record>,
  validator: string,
  move: (record: Record) => readonly [string, Record],
): void {
  for (const [key, record] of sortedEntries(table)) {
    if (record.validator !== validator) continue;
    const [next, moved] = move(record);
    table.delete(key);
    table.set(next, moved);
  }
}

/** The target under its present key: itself, unless its key was replaced. */
export function currentTarget(view: LedgerView, target: StakeTarget): StakeTarget {
  let current = target;
  for (
    let rotation = view.rotations.get(targetKey(current));
    rotation !== undefined;
    rotation = view.rotations.get(targetKey(current))
  )
    current = { ...current, node: rotation.next };
  return current;
}
