import {
  type AccountId,
  decode,
  encode,
  type Hash,
  hashBytes,
  type MarketId,
  MoeError,
  type NodeId,
} from '@market-of-experts/core';
import { z } from 'zod';
import { type Effects, effectsSchema } from './effects.ts';
import type { SettlementBody } from './settlement-body.ts';

/** The effects behind a settlement: content of the blob whose hash is the settlement's `root`. */
export function settlementDetailBytes(effects: readonly Effects[]): Uint8Array {
  return encode(effects);
}

/** Reads a settlement's detail back. Throws `invalid-encoding`. */
export function parseSettlementDetail(bytes: Uint8Array): Effects[] {
  return decode(bytes, z.array(effectsSchema).max(4_096));
}

/**
 * Nets the effects of decided orders into one settlement. Orders of a client must come without gaps, starting
 * at `nextOrderSeq(client)`; throws `order-gap` otherwise. What each client owes, what each account receives
 * and what each stake loses are sums over the effects, which anyone who has them can repeat.
 */
export function netSettlement(
  effects: readonly Effects[],
  header: {
    readonly network: string;
    readonly market: MarketId;
    readonly batch: number;
    readonly gateway: NodeId;
    readonly by: NodeId;
    readonly nextOrderSeq: (client: AccountId) => number;
  },
): SettlementBody {
  const sequences = new Map<AccountId, number[]>();
  const charges = new Map<AccountId, bigint>();
  const credits = new Map<AccountId, bigint>();
  const earnings = new Map<NodeId, { readonly owner: AccountId; readonly amountMicro: bigint }>();
  const slashes = new Map<NodeId, bigint>();
  const add = <Key>(sums: Map<Key, bigint>, key: Key, amount: bigint): void => {
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  };
  for (const effect of effects) {
    sequences.set(effect.client, [...(sequences.get(effect.client) ?? []), effect.clientSeq]);
    for (const { account, deltaMicro, node } of effect.deltas)
      if (deltaMicro < 0n) add(charges, account, -deltaMicro);
      else if (node === undefined) add(credits, account, deltaMicro);
      else {
        const earned = earnings.get(node);
        // Nobody's pay may go to another owner: a node has one.
        if (earned !== undefined && earned.owner !== account)
          throw new MoeError('invalid-settlement', `Two owners are paid for what node ${node} earned.`);
        earnings.set(node, { owner: account, amountMicro: (earned?.amountMicro ?? 0n) + deltaMicro });
      }
    for (const { node, amountMicro } of effect.slashes) add(slashes, node, amountMicro);
  }
  const orders = sorted(sequences).map(([client, numbers]) => {
    const fromSeq = header.nextOrderSeq(client);
    const ordered = [...numbers].sort((a, b) => a - b);
    if (ordered.some((number, index) => number !== fromSeq + index))
      throw new MoeError(
        'order-gap',
        `The orders of client ${client} to settle have a gap after ${fromSeq}.`,
      );
    return { client, fromSeq, toSeq: fromSeq + ordered.length, chargeMicro: charges.get(client) ?? 0n };
  });
  return {
    network: header.network,
    market: header.market,
    batch: header.batch,
    gateway: header.gateway,
    by: header.by,
    orders,
    credits: sorted(credits)
      .filter(([, amountMicro]) => amountMicro > 0n)
      .map(([account, amountMicro]) => ({ account, amountMicro })),
    earnings: sorted(earnings)
      .filter(([, { amountMicro }]) => amountMicro > 0n)
      .map(([node, { owner, amountMicro }]) => ({ node, owner, amountMicro })),
    slashes: sorted(slashes).map(([node, amountMicro]) => ({ node, amountMicro })),
    poolMicro: 0n,
    certificates: effects.length,
    root: hashBytes(settlementDetailBytes(effects)) as Hash,
  };
}

function sorted<Key extends string, Value>(entries: ReadonlyMap<Key, Value>): [Key, Value][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}
