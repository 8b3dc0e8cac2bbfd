import type { Amount, NodeId } from '@market-of-experts/core';
import type { PayShare } from './service-fee.ts';

const whole = 1_000_000n;

/**
 * Splits the fee of one text among the parts of an edition, in the order of their shares, to the last micro-credit. A single fee is too small to
 * be divided rightly: of one micro-credit the largest share would get all of it every time. So what a part got too little, or too much,
 * counts with the next text: over any number of texts it is within a micro-credit or two of its share.
 */
export type PartFees = (feeMicro: Amount, shares: readonly PayShare[]) => readonly Amount[];

export function partFees(): PartFees {
  /** In millionths of a micro-credit. */
  const owed = new Map<NodeId, bigint>();
  return (feeMicro, shares) => {
    const due = shares.map(({ node, millionths }) => feeMicro * BigInt(millionths) + (owed.get(node) ?? 0n));
    const given = due.map((each) => (each > 0n ? each / whole : 0n));
    let left = feeMicro - given.reduce((sum, each) => sum + each, 0n);
    for (; left !== 0n; left -= left > 0n ? 1n : -1n) {
      const index = left > 0n ? mostOwed(due, given) : leastOwed(due, given);
      given[index]! += left > 0n ? 1n : -1n;
    }
    for (const [index, { node }] of shares.entries()) owed.set(node, due[index]! - given[index]! * whole);
    return given;
  };
}

function mostOwed(due: readonly bigint[], given: readonly bigint[]): number {
  let most = 0;
  for (let index = 1; index < due.length; index += 1)
    if (due[index]! - given[index]! * whole > due[most]! - given[most]! * whole) most = index;
  return most;
}

/** Of those who were given something. */
function leastOwed(due: readonly bigint[], given: readonly bigint[]): number {
  let least = given.findIndex((each) => each > 0n);
  for (let index = least + 1; index < due.length; index += 1)
    if (given[index]! > 0n && due[index]! - given[index]! * whole < due[least]! - given[least]! * whole)
      least = index;
  return least;
}
