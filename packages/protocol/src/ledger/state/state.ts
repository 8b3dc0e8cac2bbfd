import type { AccountId, Amount, MarketId, NodeId, SenderId } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import type { Backing, Unbonding } from './node-records.ts';
import { type Account, type RecordTypes, type TableName, tableNames } from './records.ts';

/** What the rules need of a table. Records are never changed in place, only replaced. */
export interface Table<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): unknown;
  delete(key: string): unknown;
  /** All records, in no particular order: what depends on the order sorts by key. */
  entries(): Iterable<readonly [string, Value]>;
}
/** A state as the rules see it: a {@link LedgerState} or a draft on top of one. */
export type StateView = { readonly [Name in TableName]: Table<RecordTypes[Name]> };
/** Everything that the log says, folded. Keys are made by the functions below. */
export type LedgerState = { readonly [Name in TableName]: Map<string, RecordTypes[Name]> };

export function emptyState(): LedgerState {
  return Object.fromEntries(tableNames.map((name) => [name, new Map()])) as unknown as LedgerState;
}

export function prepaidKey(account: AccountId, market: MarketId): string {
  return `${account}/${market}`;
}

export function expertKey(market: MarketId, node: NodeId): string {
  return `${market}/${node}`;
}

export function editionKey(market: MarketId, number: number): string {
  return `${market}/${number}`;
}

/** Key of who is staked on; the beginning of the keys of what is staked there. */
export function targetKey(target: StakeTarget): string {
  return target.role === 'expert' ? expertKey(target.market, target.node) : `*/${target.node}`;
}

export function delegationKey(target: StakeTarget, account: AccountId): string {
  return `${targetKey(target)}/${account}`;
}

export function unbondingKey({ target, account, releaseEpoch, to }: Omit<Unbonding, 'shares'>): string {
  return `${targetKey(target)}/${account}/${releaseEpoch}${to === undefined ? '' : `/${targetKey(to)}`}`;
}

/** Key of a validator's weights and bonds in a market. */
export function weightsKey(market: MarketId, validator: NodeId): string {
  return `${market}/${validator}`;
}

export function weightCommitKey(market: MarketId, validator: NodeId, epoch: number): string {
  return `${market}/${validator}/${epoch}`;
}

export function accountOf(view: StateView, id: SenderId): Account {
  return view.accounts.get(id) ?? { balanceMicro: 0n, nonce: 0 };
}

/**
 * Σ balances + locked money + stakes + what waits to be staked or paid out + deposits + pools, counted afresh. Only genesis,
 * deposits and emission may change it, so it always equals the network record's `supplyMicro`.
 */
export function totalMicro(state: LedgerState): Amount {
  let total = 0n;
  for (const account of state.accounts.values()) total += account.balanceMicro;
  for (const prepaid of state.prepaid.values()) total += prepaid.lockedMicro;
  for (const expert of state.experts.values()) total += backingMicro(expert) + expert.depositMicro;
  for (const validator of state.validators.values()) total += backingMicro(validator);
  for (const market of state.markets.values()) total += market.poolMicro + market.depositMicro;
  return total;
}

function backingMicro({ stakeMicro, unbondingMicro, pendingMicro }: Backing): Amount {
  return stakeMicro + unbondingMicro + pendingMicro;
}
