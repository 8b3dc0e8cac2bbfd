import type { NodeId } from '@market-of-experts/core';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import { spend } from '../accounts/balances.ts';
import { leaving, ownedBacking, stakeTooSmall } from '../staking/pots.ts';
import { wasReplaced } from '../staking/rotation.ts';
import { isGivenNotice, isImmune, leave } from '../staking/stake-release.ts';
import type { Backing, Expert, Validator } from '../state/node-records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import { expertKey, type StateView } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { hasSeat } from '../validators/attendance.ts';
import { makeRoom, priceChanged, risenPrice } from './registration-price.ts';

/** The owner's part of what delegated stake earns, where a registration does not say. */
const defaultCommissionBps = 1_000;

function newBacking(view: StateView, tx: TransactionOf<'registerExpert' | 'registerValidator'>): Backing {
  return {
    owner: tx.from,
    stakeMicro: tx.stakeMicro,
    delegatedMicro: 0n,
    delegationShares: 0n,
    delegationCount: 0,
    unbondingMicro: 0n,
    unbondingShares: 0n,
    pendingMicro: 0n,
    commissionBps: tx.commissionBps ?? defaultCommissionBps,
    registeredEpoch: view.network.get('network')!.epoch,
  };
}

/** Joins a market for the quoted price and an own stake; when the market is full, the weakest makes room. */
export function applyRegisterExpert(view: StateView, tx: TransactionOf<'registerExpert'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  if (market.closesAtEpoch !== undefined)
    return refused('market-closing', `"${tx.market}" closes when epoch ${market.closesAtEpoch} begins.`);
  const key = expertKey(tx.market, tx.node);
  const before = view.experts.get(key);
  if (before?.leavesAtEpoch !== undefined)
    return leaving({ role: 'expert', market: tx.market, node: tx.node }, before);
  if (before !== undefined)
    return refused('already-registered', `Node ${tx.node} is already an expert of "${tx.market}".`);
  const problem =
    wasReplaced(view, { role: 'expert', market: tx.market, node: tx.node }) ??
    stakeTooSmall(tx.stakeMicro, market.terms.parameters.minimumStakeMicro) ??
    // Whatever a market's owner asks: who leaves at once keeps a record until the unbonding is over.
    stakeTooSmall(tx.stakeMicro, view.network.get('network')!.rules.minDelegationMicro) ??
    priceChanged(market, tx) ??
    spend(view, tx, tx.stakeMicro + tx.depositMicro);
  if (problem !== undefined) return problem;
  makeRoom(view, market, tx.depositMicro);
  const { node, name, askMicroPerKilobyte, askBps, version } = tx;
  const backing = newBacking(view, tx);
  view.experts.set(key, {
    market: tx.market,
    node,
    name,
    ...backing,
    askMicroPerKilobyte,
    askBps,
    depositMicro: tx.depositMicro,
    immuneUntilEpoch: backing.registeredEpoch + market.terms.immunityEpochs,
    incomeMicro: 0n,
    lastIncomeMicro: 0n,
    ...(version === undefined ? {} : { versions: [{ version, fromEpoch: backing.registeredEpoch }] }),
  });
  const crowded = view.markets.get(tx.market)!;
  view.markets.set(tx.market, {
    ...crowded,
    expertCount: crowded.expertCount + 1,
    registrationMicro: risenPrice(market),
  });
  return APPLIED;
}

export function applyUpdateExpert(view: StateView, tx: TransactionOf<'updateExpert'>): Applied | Refused {
  const expert = ownedBacking(view, tx.from, { role: 'expert', market: tx.market, node: tx.node });
  if ('applied' in expert) return expert;
  const { name, askMicroPerKilobyte, askBps } = tx;
  view.experts.set(expertKey(tx.market, tx.node), {
    ...(expert as Expert),
    ...(name === undefined ? {} : { name }),
    ...(askMicroPerKilobyte === undefined ? {} : { askMicroPerKilobyte }),
    ...(askBps === undefined ? {} : { askBps }),
  });
  return APPLIED;
}

export function applyRegisterValidator(
  view: StateView,
  tx: TransactionOf<'registerValidator'>,
): Applied | Refused {
  const network = view.network.get('network')!;
  const before = view.validators.get(tx.node);
  if (before?.leavesAtEpoch !== undefined) return leaving({ role: 'validator', node: tx.node }, before);
  if (before !== undefined) return refused('already-registered', `Node ${tx.node} is already a validator.`);
  const idle = network.validatorCount < limits.validators ? undefined : longestIdle(view);
  if (network.validatorCount >= limits.validators && idle === undefined)
    return refused(
      'limit-reached',
      `The network has ${limits.validators} validators, the most it takes, and all have their seats.`,
    );
  const problem =
    wasReplaced(view, { role: 'validator', node: tx.node }) ??
    stakeTooSmall(tx.stakeMicro, network.minValidatorStakeMicro) ??
    spend(view, tx, tx.stakeMicro);
  if (problem !== undefined) return problem;
  if (idle !== undefined) leave(view, { role: 'validator', node: idle });
  const { node, name, stakeMicro, ticketRoot } = tx;
  view.validators.set(node, {
    node,
    name,
    ...newBacking(view, tx),
    ...(ticketRoot === undefined ? {} : { ticketRoot }),
    epochStakeMicro: 0n,
  });
  const crowded = view.network.get('network')!;
  view.network.set('network', {
    ...crowded,
    validatorCount: crowded.validatorCount + 1,
    validatorStakeMicro: crowded.validatorStakeMicro + stakeMicro,
  });
  return APPLIED;
}

/**
 * Who makes room where there are as many validators as there may be: of those that lost their seats, or were given as long to
 * give a first sign of life and did not, the one with the least stake.
 */
function longestIdle(view: StateView): NodeId | undefined {
  const network = view.network.get('network')!;
  const idle = sortedEntries(view.validators, (validator) => {
    if (validator.leavesAtEpoch !== undefined || hasSeat(validator, network)) return false;
    return (
      validator.seen !== undefined || validator.registeredEpoch + network.rules.seatEpochs <= network.epoch
    );
  }).map(([, validator]) => validator);
  return idle.reduce<Validator | undefined>(
    (least, validator) =>
      least === undefined || validator.stakeMicro < least.stakeMicro ? validator : least,
    undefined,
  )?.node;
}

export function applyUpdateValidator(
  view: StateView,
  tx: TransactionOf<'updateValidator'>,
): Applied | Refused {
  const validator = ownedBacking(view, tx.from, { role: 'validator', node: tx.node });
  if ('applied' in validator) return validator;
  const { name, ticketRoot } = tx;
  view.validators.set(tx.node, {
    ...(validator as Validator),
    ...(name === undefined ? {} : { name }),
    ...(ticketRoot === undefined ? {} : { ticketRoot }),
  });
  return APPLIED;
}

/**
 * Ends a registration: the node serves no more, and everything behind it is paid out when the unbonding is over. An
 * expert that leaves while it is immune loses its deposit, unless what it registered under is to change.
 */
export function applyDeregister(view: StateView, tx: TransactionOf<'deregister'>): Applied | Refused {
  const backing = ownedBacking(view, tx.from, tx.target);
  if ('applied' in backing) return backing;
  if (backing.leavesAtEpoch !== undefined) return leaving(tx.target, backing);
  const isEarly = 'immuneUntilEpoch' in backing && isImmune(view, backing) && !isGivenNotice(view, backing);
  leave(view, tx.target, isEarly ? backing.depositMicro : 0n);
  return APPLIED;
}
