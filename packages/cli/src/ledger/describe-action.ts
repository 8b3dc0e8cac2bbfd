import { formatAccount } from '@market-of-experts/core';
import type { Action, StakeTarget } from '@market-of-experts/protocol';
import { formatAmount, formatShare } from '../terminal/text.ts';

/** Kinds that people sign on the command line. */
export type OwnerAction = Extract<
  Action,
  {
    readonly kind:
      | 'transfer'
      | 'stake'
      | 'unstake'
      | 'delegate'
      | 'undelegate'
      | 'redelegate'
      | 'setCommission'
      | 'rotate'
      | 'createMarket'
      | 'updateMarket'
      | 'closeMarket'
      | 'fundMarket'
      | 'registerExpert'
      | 'updateExpert'
      | 'registerValidator'
      | 'updateValidator'
      | 'deregister'
      | 'evidence';
  }
>;

/** What is about to be signed, in our words and from the transaction itself: no market can say it otherwise. */
export function describeAction(action: OwnerAction): string {
  switch (action.kind) {
    case 'transfer':
      return `Transfer ${formatAmount(action.amountMicro)} to ${formatAccount(action.to)}`;
    case 'stake':
      return `Stake ${formatAmount(action.amountMicro)} on your ${nameTarget(action.target)}`;
    case 'unstake':
      return `Take ${formatAmount(action.amountMicro)} of your stake out of ${nameTarget(action.target)}`;
    case 'delegate':
      return `Delegate ${formatAmount(action.amountMicro)} to ${nameTarget(action.target)}`;
    case 'undelegate':
      return `Take ${formatAmount(action.amountMicro)} of delegated stake out of ${nameTarget(action.target)}`;
    case 'redelegate':
      return `Move ${formatAmount(action.amountMicro)} of delegated stake from ${nameTarget(action.target)} to ${nameTarget(action.to)}`;
    case 'setCommission':
      return `Announce a commission of ${formatShare(action.commissionBps)} for ${nameTarget(action.target)}`;
    case 'rotate':
      return `Replace the key of ${nameTarget(action.target)} by ${action.next}`;
    case 'createMarket':
      return `Create the market ${action.market}: ${action.terms.title}`;
    case 'updateMarket':
      return `Announce new terms (version ${action.terms.parameters.version}) of the market ${action.market}`;
    case 'closeMarket':
      return `Close the market ${action.market}`;
    case 'fundMarket':
      return `Give ${formatAmount(action.amountMicro)} to the pool of the market ${action.market}`;
    case 'registerExpert':
      return `Register expert ${action.name} (node ${action.node}) in ${action.market}, with ${formatAmount(action.stakeMicro)} of stake and a deposit of ${formatAmount(action.depositMicro)}`;
    case 'registerValidator':
      return `Register validator ${action.name} (node ${action.node}), with ${formatAmount(action.stakeMicro)} of stake`;
    case 'updateExpert':
      return `Change expert ${short(action.node)} of ${action.market}: ${changes([
        ['name', action.name],
        [
          'ask',
          action.askMicroPerKilobyte === undefined
            ? undefined
            : `${formatAmount(action.askMicroPerKilobyte)} a kB`,
        ],
        ['ask when called', action.askBps === undefined ? undefined : formatShare(action.askBps)],
      ])}`;
    case 'updateValidator':
      return `Change validator ${short(action.node)}: ${changes([['name', action.name]])}`;
    case 'evidence':
      return `Report misbehaviour (${action.proof.kind}) in the market ${action.market}`;
    case 'deregister':
      return `End the registration of ${nameTarget(action.target)}`;
  }
}

function nameTarget(target: StakeTarget): string {
  return target.role === 'validator'
    ? `validator ${short(target.node)}`
    : `expert ${short(target.node)} of ${target.market}`;
}

/** Enough of an id to tell it from every other that somebody could make. */
function short(node: string): string {
  return `${node.slice(0, 20)}…`;
}

function changes(fields: readonly (readonly [string, string | undefined])[]): string {
  return fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])).join(', ');
}
