import { type Amount, BPS, type NodeId } from '@market-of-experts/core';

export interface Candidate {
  readonly node: NodeId;
  readonly stakeMicro: Amount;
  /** Whose it is, where that counts. */
  readonly owner?: string;
}

interface Fellows {
  readonly owner: string;
  readonly indices: readonly number[];
}

/** Candidates in the order of their ids, with the sums of their weights: what every draw from them has in common. */
export interface StakeTable {
  readonly nodes: readonly NodeId[];
  /** `upTo[i]`: weights of the candidates before i. One longer than `nodes`; the last is the total. */
  readonly upTo: readonly Amount[];
  /** Candidates with one owner, of whom there are several: by the index of each. */
  readonly fellows: ReadonlyMap<number, Fellows>;
}

const tables = new WeakMap<readonly Candidate[], Map<number, StakeTable>>();

/**
 * Weight is stake, counted up to `capBps` of the total. Made once for each list and cap: a roster serves many draws.
 * The list must not change afterwards.
 */
export function stakeTable(candidates: readonly Candidate[], capBps: number): StakeTable {
  let byCap = tables.get(candidates);
  if (byCap === undefined) {
    byCap = new Map();
    tables.set(candidates, byCap);
  }
  let table = byCap.get(capBps);
  if (table === undefined) {
    table = makeTable(candidates, capBps);
    byCap.set(capBps, table);
  }
  return table;
}

function makeTable(candidates: readonly Candidate[], capBps: number): StakeTable {
  const total = candidates.reduce((sum, candidate) => sum + candidate.stakeMicro, 0n);
  const cap = (total * BigInt(capBps)) / BPS;
  const pool = [...candidates].sort((a, b) => (a.node < b.node ? -1 : 1));
  const upTo: Amount[] = [0n];
  for (const { stakeMicro } of pool)
    upTo.push(upTo.at(-1)! + (stakeMicro < cap ? stakeMicro : cap > 0n ? cap : stakeMicro));
  return { nodes: pool.map(({ node }) => node), upTo, fellows: fellowsOf(pool) };
}

function fellowsOf(pool: readonly Candidate[]): ReadonlyMap<number, Fellows> {
  const byOwner = new Map<string, number[]>();
  for (const [index, { owner }] of pool.entries()) {
    if (owner === undefined) continue;
    const indices = byOwner.get(owner);
    if (indices === undefined) byOwner.set(owner, [index]);
    else indices.push(index);
  }
  return new Map(
    [...byOwner]
      .filter(([, { length }]) => length > 1)
      .flatMap(([owner, indices]) => indices.map((index) => [index, { owner, indices }] as const)),
  );
}

/**
 * Index of the candidate that holds `point` of the weight that is left when those of `taken` (rising indices) have
 * gone: a point beyond one that has gone lies farther by its weight.
 */
export function candidateAt({ upTo }: StakeTable, taken: readonly number[], point: Amount): number {
  let shifted = point;
  for (const index of taken) {
    if (shifted < upTo[index]!) break;
    shifted += upTo[index + 1]! - upTo[index]!;
  }
  let low = 0;
  let high = upTo.length - 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (upTo[middle + 1]! > shifted) high = middle;
    else low = middle + 1;
  }
  return low;
}
