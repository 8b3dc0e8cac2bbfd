import type { StakeTarget } from '../../../src/fields/fields.ts';
import type { Transaction } from '../../../src/ledger/transaction/transaction.ts';
import type { Payouts, StakingModel } from './staking-model.ts';
import type { ModelNode } from './staking-model-node.ts';

/** Least own stakes; the price of a registration is read from the ledger, which another model is for. */
export interface Minimums {
  readonly expertMicro: bigint;
  readonly validatorMicro: bigint;
  readonly delegationMicro: bigint;
  readonly priceMicro: bigint;
}

/** Whether the staking rules allow a transaction in this state of the books; undefined where they have no say. */
export function isAllowed(
  model: StakingModel,
  tx: Transaction,
  minimums: Minimums,
  payouts: Payouts,
): boolean | undefined {
  const has = (micro: bigint): boolean => (model.balances.get(tx.from) ?? 0n) >= micro;
  const serving = (target: StakeTarget): ModelNode | undefined => {
    const node = model.registered(target);
    return node?.leavesAtEpoch === undefined ? node : undefined;
  };
  switch (tx.kind) {
    case 'transfer':
    case 'fundMarket':
      return has(tx.amountMicro);
    case 'stake':
      return serving(tx.target)?.owner === tx.from && has(tx.amountMicro);
    case 'delegate': {
      const node = serving(tx.target);
      const isOthers = node !== undefined && node.owner !== tx.from;
      return isOthers && tx.amountMicro >= minimums.delegationMicro && has(tx.amountMicro);
    }
    case 'unstake': {
      const node = serving(tx.target);
      if (node?.owner !== tx.from) return false;
      const rest = tx.amountMicro - (node.pending.get(tx.from) ?? 0n);
      const least = tx.target.role === 'expert' ? minimums.expertMicro : minimums.validatorMicro;
      return rest <= 0n || node.ownMicro - rest >= least;
    }
    case 'redelegate': {
      const [node, to] = [serving(tx.target), serving(tx.to)];
      if (to === undefined || to === node || to.owner === tx.from) return false;
      return node !== undefined && canTakeOut(node, tx.from, tx.amountMicro, minimums, payouts);
    }
    case 'undelegate': {
      const node = serving(tx.target);
      return node !== undefined && canTakeOut(node, tx.from, tx.amountMicro, minimums, payouts);
    }
    case 'setCommission':
    case 'deregister':
      return serving(tx.target)?.owner === tx.from;
    case 'rotate': {
      const node = serving(tx.target);
      return (
        node?.owner === tx.from &&
        node.rotatedEpoch !== model.epoch &&
        !model.isTaken({ ...tx.target, node: tx.next })
      );
    }
    case 'registerExpert':
      return (
        !model.isTaken({ role: 'expert', market: tx.market, node: tx.node }) &&
        tx.stakeMicro >= minimums.expertMicro &&
        tx.depositMicro === minimums.priceMicro &&
        has(tx.stakeMicro + tx.depositMicro)
      );
    case 'registerValidator':
      return (
        !model.isTaken({ role: 'validator', node: tx.node }) &&
        tx.stakeMicro >= minimums.validatorMicro &&
        has(tx.stakeMicro)
      );
    default:
      return undefined;
  }
}

function canTakeOut(
  node: ModelNode,
  account: string,
  micro: bigint,
  { delegationMicro }: Minimums,
  payouts: Payouts,
): boolean {
  if (node.owner === account) return false;
  const pending = node.pending.get(account) ?? 0n;
  const left = payouts.held(node, account) + pending - micro;
  if (left < 0n) return false;
  return left < delegationMicro || micro <= pending || micro - pending >= delegationMicro;
}
