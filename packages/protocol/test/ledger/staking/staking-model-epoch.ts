import type { Payouts, StakingModel } from './staking-model.ts';
import { hasPart, type ModelNode } from './staking-model-node.ts';

/** The end of an epoch: commissions change, what was announced leaves, and what waits is taken in. */
export function endEpoch(model: StakingModel, payouts: Payouts): void {
  model.epoch += 1;
  const nodes = [...model.nodes];
  for (const node of nodes)
    if (node.nextCommission !== undefined && node.nextCommission.fromEpoch <= model.epoch) {
      node.commissionBps = node.nextCommission.bps;
      node.nextCommission = undefined;
    }
  for (const node of nodes) release(model, node, payouts.released(node));
  for (const node of nodes) {
    if (node.leavesAtEpoch === undefined || node.leavesAtEpoch > model.epoch) continue;
    for (const [account, paid] of payouts.returned(node)) {
      model.pay(account, paid);
      node.delegated.takeAll(account, paid);
    }
    for (const [account, micro] of node.pending) model.pay(account, micro);
    model.pay(node.owner, node.ownMicro + node.depositMicro);
    model.nodes.delete(node);
    for (const [key, { id }] of [...model.byKey]) if (id === node.id) model.byKey.delete(key);
  }
  for (const node of model.nodes) {
    for (const [account, micro] of node.pending) {
      if (micro === 0n) continue;
      if (node.leavesAtEpoch !== undefined) model.pay(account, micro);
      else if (account === node.owner) node.ownMicro += micro;
      else node.delegated.add(account, micro);
    }
    node.pending.clear();
  }
}

function release(model: StakingModel, node: ModelNode, paid: ReadonlyMap<string, bigint>): void {
  for (const [id, micro] of paid) {
    const exit = node.exits.get(id)!;
    node.unbonding.takeAll(id, micro);
    node.exits.delete(id);
    const { to, account } = exit;
    const isNew = to !== undefined && !hasPart(to, account);
    const stays =
      to !== undefined &&
      model.nodes.has(to) &&
      to.leavesAtEpoch === undefined &&
      (!isNew || micro >= model.rules.minDelegationMicro);
    if (micro > 0n && stays) to.pending.set(account, (to.pending.get(account) ?? 0n) + micro);
    else model.pay(account, micro);
  }
}
