import { type Amount, formatCredits } from '@moe/core';
import { LEDGER_LIMITS as limits } from './limits.ts';
import { spend } from './money.ts';
import { APPLIED, type Applied, type Refused, refused } from './outcome.ts';
import { accountOf, type Expert, expertKey, type LedgerView, type Validator } from './state.ts';
import type { StakeTarget, TransactionOf } from './transaction.ts';

export function applyRegisterExpert(
  view: LedgerView,
  tx: TransactionOf<'registerExpert'>,
): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  const key = expertKey(tx.market, tx.node);
  if (view.experts.get(key) !== undefined)
    return refused('already-registered', `Node ${tx.node} is already an expert of "${tx.market}".`);
  if (market.expertCount >= limits.expertsPerMarket)
    return refused(
      'limit-reached',
      `"${tx.market}" has ${limits.expertsPerMarket} experts, the most it takes.`,
    );
  const problem = stakeTooSmall(tx.stakeMicro, market.minExpertStakeMicro) ?? spend(view, tx, tx.stakeMicro);
  if (problem !== undefined) return problem;
  const { node, name, stakeMicro, askMicroPerKilobyte, askBps, calibration } = tx;
  view.experts.set(key, {
    market: tx.market,
    node,
    owner: tx.from,
    name,
    stakeMicro,
    askMicroPerKilobyte,
    askBps,
    ...(calibration === undefined ? {} : { calibration }),
  });
  view.markets.set(tx.market, { ...market, expertCount: market.expertCount + 1 });
  return APPLIED;
}

export function applyUpdateExpert(view: LedgerView, tx: TransactionOf<'updateExpert'>): Applied | Refused {
  const expert = ownedNode(view, tx.from, { role: 'expert', market: tx.market, node: tx.node });
  if ('applied' in expert) return expert;
  const { name, askMicroPerKilobyte, askBps, calibration } = tx;
  view.experts.set(expertKey(tx.market, tx.node), {
    ...(expert as Expert),
    ...(name === undefined ? {} : { name }),
    ...(askMicroPerKilobyte === undefined ? {} : { askMicroPerKilobyte }),
    ...(askBps === undefined ? {} : { askBps }),
    ...(calibration === undefined ? {} : { calibration }),
  });
  return APPLIED;
}

export function applyRegisterValidator(
  view: LedgerView,
  tx: TransactionOf<'registerValidator'>,
): Applied | Refused {
  const network = view.network.get('network')!;
  if (view.validators.get(tx.node) !== undefined)
    return refused('already-registered', `Node ${tx.node} is already a validator.`);
  if (network.validatorCount >= limits.validators)
    return refused('limit-reached', `The network has ${limits.validators} validators, the most it takes.`);
  const problem =
    stakeTooSmall(tx.stakeMicro, network.minValidatorStakeMicro) ?? spend(view, tx, tx.stakeMicro);
  if (problem !== undefined) return problem;
  const { node, name, stakeMicro, ticketRoot } = tx;
  view.validators.set(node, {
    node,
    owner: tx.from,
    name,
    stakeMicro,
    ...(ticketRoot === undefined ? {} : { ticketRoot }),
  });
  view.network.set('network', {
    ...network,
    validatorCount: network.validatorCount + 1,
    validatorStakeMicro: network.validatorStakeMicro + stakeMicro,
  });
  return APPLIED;
}

export function applyUpdateValidator(
  view: LedgerView,
  tx: TransactionOf<'updateValidator'>,
): Applied | Refused {
  const validator = ownedNode(view, tx.from, { role: 'validator', node: tx.node });
  if ('applied' in validator) return validator;
  const { name, ticketRoot } = tx;
  view.validators.set(tx.node, {
    ...(validator as Validator),
    ...(name === undefined ? {} : { name }),
    ...(ticketRoot === undefined ? {} : { ticketRoot }),
  });
  return APPLIED;
}

export function applyStake(view: LedgerView, tx: TransactionOf<'stake'>): Applied | Refused {
  const backed = ownedNode(view, tx.from, tx.target);
  if ('applied' in backed) return backed;
  const problem = spend(view, tx, tx.amountMicro);
  if (problem !== undefined) return problem;
  setStake(view, tx.target, backed, backed.stakeMicro + tx.amountMicro);
  return APPLIED;
}

/** What stays must reach the minimum; `deregister` takes everything back. */
export function applyUnstake(view: LedgerView, tx: TransactionOf<'unstake'>): Applied | Refused {
  const backed = ownedNode(view, tx.from, tx.target);
  if ('applied' in backed) return backed;
  if (backed.stakeMicro < tx.amountMicro)
    return refused(
      'insufficient-stake',
      `The stake is ${formatCredits(backed.stakeMicro)} credits; ${formatCredits(tx.amountMicro)} cannot be taken out.`,
    );
  const minimumMicro =
    tx.target.role === 'expert'
      ? view.markets.get(tx.target.market)!.minExpertStakeMicro
      : view.network.get('network')!.minValidatorStakeMicro;
  const problem = stakeTooSmall(backed.stakeMicro - tx.amountMicro, minimumMicro);
  if (problem !== undefined) return problem;
  setStake(view, tx.target, backed, backed.stakeMicro - tx.amountMicro);
  repay(view, tx.from, tx.amountMicro);
  return APPLIED;
}

export function applyDeregister(view: LedgerView, tx: TransactionOf<'deregister'>): Applied | Refused {
  const backed = ownedNode(view, tx.from, tx.target);
  if ('applied' in backed) return backed;
  setStake(view, tx.target, backed, 0n);
  if (tx.target.role === 'expert') {
    const market = view.markets.get(tx.target.market)!;
    view.experts.delete(expertKey(tx.target.market, tx.target.node));
    view.markets.set(tx.target.market, { ...market, expertCount: market.expertCount - 1 });
  } else {
    const network = view.network.get('network')!;
    view.validators.delete(tx.target.node);
    view.network.set('network', { ...network, validatorCount: network.validatorCount - 1 });
  }
  repay(view, tx.from, backed.stakeMicro);
  return APPLIED;
}

function ownedNode(view: LedgerView, owner: string, target: StakeTarget): Expert | Validator | Refused {
  const node =
    target.role === 'expert'
      ? view.experts.get(expertKey(target.market, target.node))
      : view.validators.get(target.node);
  if (node === undefined)
    return refused(
      'unknown-node',
      target.role === 'expert'
        ? `Node ${target.node} is not an expert of "${target.market}".`
        : `Node ${target.node} is not a validator.`,
    );
  return node.owner === owner
    ? node
    : refused('not-authorised', `Node ${target.node} belongs to account ${node.owner}.`);
}

function setStake(
  view: LedgerView,
  target: StakeTarget,
  before: Expert | Validator,
  stakeMicro: Amount,
): void {
  if (target.role === 'expert') {
    view.experts.set(expertKey(target.market, target.node), { ...(before as Expert), stakeMicro });
    return;
  }
  const network = view.network.get('network')!;
  view.validators.set(target.node, { ...before, stakeMicro });
  view.network.set('network', {
    ...network,
    validatorStakeMicro: network.validatorStakeMicro + stakeMicro - before.stakeMicro,
  });
}

function repay(view: LedgerView, owner: TransactionOf<'stake'>['from'], amountMicro: Amount): void {
  const account = accountOf(view, owner);
  view.accounts.set(owner, { balanceMicro: account.balanceMicro + amountMicro, nonce: account.nonce });
}

function stakeTooSmall(stakeMicro: Amount, minimumMicro: Amount): Refused | undefined {
  return stakeMicro < minimumMicro
    ? refused(
        'insufficient-stake',
        `A stake of ${formatCredits(stakeMicro)} credits is below the minimum of ${formatCredits(minimumMicro)}.`,
      )
    : undefined;
}
