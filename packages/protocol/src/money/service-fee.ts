import { type Amount, type NodeId, shareBps } from '@market-of-experts/core';
import { apportion } from './apportion.ts';

/** What one expert of an edition gets of each service fee, in millionths of what the market's cut leaves. */
export interface PayShare {
  readonly node: NodeId;
  readonly millionths: number;
}

export interface ServiceFeeSplit {
  readonly marketMicro: Amount;
  /** In the order of the shares. */
  readonly parts: readonly { readonly node: NodeId; readonly amountMicro: Amount }[];
}

/**
 * Splits a fee for service by an edition: the market's cut as of every fee, the rest by the shares, to the last micro-credit. To be
 * used on the sum of a settlement: on single small fees the largest share would always get the micro-credit that is left.
 */
export function splitServiceFee(
  feeMicro: Amount,
  marketFeeBps: number,
  shares: readonly PayShare[],
): ServiceFeeSplit {
  const marketMicro = shareBps(feeMicro, marketFeeBps);
  const amounts = apportion(
    feeMicro - marketMicro,
    shares.map(({ node, millionths }) => ({ id: node, claim: BigInt(millionths) })),
  );
  return { marketMicro, parts: shares.map(({ node }, index) => ({ node, amountMicro: amounts[index]! })) };
}
