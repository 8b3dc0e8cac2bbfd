import { hashOf, type NodeId } from '@market-of-experts/core';
import type { Roster, ShardDraw } from './shard.ts';

/**
 * Seats of one job that the paid experts can fill. One owner's nodes may judge one another kindly, and a name costs little: so an
 * owner has `seatsPerOwner` of the nodes that take part in a job, drawn or called, however many it has registered.
 */
export function paidSeats({ experts, parameters }: Pick<Roster, 'experts' | 'parameters'>): number {
  const counts = new Map<string, number>();
  for (const { owner, onProbation } of experts)
    if (!onProbation) counts.set(owner, Math.min(parameters.seatsPerOwner, (counts.get(owner) ?? 0) + 1));
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

interface Owners {
  readonly ownerOf: ReadonlyMap<NodeId, string>;
  readonly paidOf: ReadonlyMap<string, readonly NodeId[]>;
}
const owners = new WeakMap<Roster, Owners>();

/** Made once for each roster: every job asks. */
export function ownersOf(roster: Roster): Owners {
  const known = owners.get(roster);
  if (known !== undefined) return known;
  const paidOf = new Map<string, NodeId[]>();
  for (const { node, owner, onProbation } of roster.experts) {
    if (onProbation) continue;
    const nodes = paidOf.get(owner);
    if (nodes === undefined) paidOf.set(owner, [node]);
    else nodes.push(node);
  }
  const made = { ownerOf: new Map(roster.experts.map(({ node, owner }) => [node, owner])), paidOf };
  owners.set(roster, made);
  return made;
}

/** What is looked at of a draw. */
export type DrawnSeats = Pick<ShardDraw, 'seed' | 'members' | 'newcomers'>;

/**
 * Why an expert may not be called in a job, in a sentence; undefined if it may. Of an owner with fewer seats than
 * its cap, as many more nodes as are missing may be called: those that the job's seed names, so that every caller, friend and
 * verifier knows which, without asking what others do at the same time.
 */
export function problemOfCall(roster: Roster, draw: DrawnSeats, worker: NodeId): string | undefined {
  const { ownerOf, paidOf } = ownersOf(roster);
  const owner = ownerOf.get(worker);
  const seats = [...draw.members, ...draw.newcomers];
  if (seats.includes(worker)) return 'Who was drawn for the job cannot be called in it.';
  const paid = owner === undefined ? [] : (paidOf.get(owner) ?? []);
  if (!paid.includes(worker)) return 'Only experts past probation can be called.';
  const { seatsPerOwner } = roster.parameters;
  const free = seatsPerOwner - seats.filter((node) => ownerOf.get(node) === owner).length;
  if (free <= 0)
    return `The owner of the called expert has its ${seatsPerOwner} of this job's seats already.`;
  if (paid.length <= free) return undefined;
  const open = paid.filter((node) => !seats.includes(node));
  const turn = new Map(open.map((node) => [node, hashOf('moe/owner-turn/1', [draw.seed, node])]));
  const named = [...open].sort((a, b) => (turn.get(a)! < turn.get(b)! ? -1 : 1)).slice(0, free);
  return named.includes(worker)
    ? undefined
    : `In this job other experts of the same owner may be called, not this one: ${seatsPerOwner} at most.`;
}
