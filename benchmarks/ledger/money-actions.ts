import { hashOf } from '@market-of-experts/core';
import {
  prepaidKey,
  type SettlementBody,
  signSettlement,
  spendableMicro,
  type TransactionKind,
} from '@market-of-experts/protocol';
import { gateway, MARKET, NETWORK, nodeId, owners, type Scene, treasury, validators } from './cast.ts';
import { by, type Maker, type Share, someExpert, someOwner } from './makers.ts';

/** Payments and settlement. */
export const moneyActions = {
  transfer: [40, transfer],
  settle: [10, settle],
  lock: [
    5,
    ({ index }) =>
      by(someOwner(index), { kind: 'lock', market: MARKET, gateway: nodeId(gateway), amountMicro: 1_000n }),
  ],
  unlock: [3, unlock],
  deposit: [
    3,
    ({ index }) =>
      by(treasury, {
        kind: 'deposit',
        to: someOwner(index).address,
        amountMicro: 5n,
        reference: `payment ${index}`,
      }),
  ],
  fundMarket: [
    2,
    ({ index }) => by(someOwner(index), { kind: 'fundMarket', market: MARKET, amountMicro: 3n }),
  ],
} satisfies Partial<Record<TransactionKind, Share>>;

export function transfer({ index }: Scene): ReturnType<Maker> {
  return by(someOwner(index), {
    kind: 'transfer',
    to: someOwner(index + 3).address,
    amountMicro: BigInt(1 + (index % 1_000)),
  });
}

/** Two orders of eight clients each. */
function settle({ state, index }: Scene): ReturnType<Maker> {
  const clients = owners
    .map(({ address }) => ({ client: address, prepaid: state.prepaid.get(prepaidKey(address, MARKET)) }))
    .filter(({ prepaid }) => (prepaid?.lockedMicro ?? 0n) >= 200n)
    .slice(0, 8)
    .sort((a, b) => (a.client < b.client ? -1 : 1));
  if (clients.length === 0) return undefined;
  const orders = clients.map(({ client, prepaid }) => ({
    client,
    fromSeq: prepaid!.nextOrderSeq,
    toSeq: prepaid!.nextOrderSeq + 2,
    chargeMicro: 200n,
  }));
  const expert = someExpert({ state, index });
  const chargedMicro = 200n * BigInt(orders.length);
  const settlement: SettlementBody = {
    network: NETWORK,
    market: MARKET,
    batch: state.markets.get(MARKET)!.nextBatch,
    gateway: nodeId(gateway),
    by: nodeId(gateway),
    orders,
    credits:
      expert === undefined ? [{ account: someOwner(index).address, amountMicro: chargedMicro - 16n }] : [],
    earnings:
      expert === undefined
        ? []
        : [{ node: expert.node, owner: expert.owner, amountMicro: chargedMicro - 16n }],
    slashes: [],
    poolMicro: 16n,
    certificates: 2 * orders.length,
    root: hashOf('bench/certificates', index),
  };
  return by(someOwner(index), {
    kind: 'settle',
    settlement,
    signatures: validators.map((keys) => signSettlement(keys, settlement)),
  });
}

function unlock({ state, index }: Scene): ReturnType<Maker> {
  const owner = someOwner(index);
  if (spendableMicro(state.prepaid.get(prepaidKey(owner.address, MARKET))) < 100n) return undefined;
  return by(owner, { kind: 'unlock', market: MARKET, amountMicro: 100n });
}
