import type { NodeId } from '@market-of-experts/core';
import { apportion } from '../../../money/apportion.ts';
import type { PayShare } from '../../../money/service-fee.ts';

/** One expert of an edition with what it added to an epoch's exams (`sumOfContributions`). */
export interface Contributor {
  readonly node: NodeId;
  /** In the edition. */
  readonly weight: number;
  readonly added: bigint;
}

const whole = 1_000_000n;

/**
 * Shares of the service fee in millionths that add up to 1,000,000: in proportion to `max(0, added)`, of which each name first
 * loses the cost of an encode, `encodeCostMillionths` of the whole (0 to 100,000, so that with eight parts somebody is left). So a
 * second name for the same work costs. Where nobody has added anything, in an epoch without exams, the weights decide.
 */
export function payShares(parts: readonly Contributor[], encodeCostMillionths: number): PayShare[] {
  const gained = parts.map(({ added }) => (added > 0n ? added : 0n));
  const sum = gained.reduce((before, gain) => before + gain, 0n);
  const claims = parts.map(({ node, weight }, index) => {
    if (sum === 0n) return { id: node, claim: BigInt(weight) };
    const net = whole * gained[index]! - BigInt(encodeCostMillionths) * sum;
    return { id: node, claim: net > 0n ? net : 0n };
  });
  const millionths = apportion(whole, claims);
  return parts.map(({ node }, index) => ({ node, millionths: Number(millionths[index]!) }));
}
