import {
  type Hash,
  hashOf,
  type JobId,
  type KeyPair,
  type NodeId,
  type Signed,
  signBody,
  verifyBody,
} from '@market-of-experts/core';

/**
 * Tickets (docs/concepts/job.md): a validator commits to a list of secrets by its Merkle root before an
 * epoch and releases the next one on seeing a signed order. The client cannot foresee it, the validator
 * cannot choose it.
 */
export interface TicketBody {
  readonly job: JobId;
  readonly root: Hash;
  readonly index: number;
  readonly secret: Hash;
  /** Sibling hashes from the leaf to the root. */
  readonly path: readonly Hash[];
}
export type Ticket = Signed<TicketBody>;

export const ticketDomain = 'moe/ticket/1';

const leafOf = (secret: Hash, index: number): Hash => hashOf('moe/ticket-leaf/1', [index, secret]);
const innerOf = (left: Hash, right: Hash): Hash => hashOf('moe/ticket-inner/1', [left, right]);

export interface TicketList {
  readonly root: Hash;
  readonly size: number;
  secret(index: number): Hash;
  path(index: number): Hash[];
}

/** A list of `2^depth` secrets made from one private seed (hex). */
export function ticketList(seed: Hash, depth: number): TicketList {
  const size = 2 ** depth;
  const secret = (index: number): Hash => hashOf('moe/ticket-secret/1', [seed, index]);
  const levels: Hash[][] = [Array.from({ length: size }, (_, index) => leafOf(secret(index), index))];
  while (levels.at(-1)!.length > 1) {
    const below = levels.at(-1)!;
    levels.push(
      Array.from({ length: below.length / 2 }, (_, index) =>
        innerOf(below[2 * index]!, below[2 * index + 1]!),
      ),
    );
  }
  return {
    root: levels.at(-1)![0]!,
    size,
    secret,
    path: (index) => levels.slice(0, -1).map((level, depthIndex) => level[(index >> depthIndex) ^ 1]!),
  };
}

export function releaseTicket(keys: KeyPair, list: TicketList, index: number, job: JobId): Ticket {
  return signBody(keys, ticketDomain, {
    job,
    root: list.root,
    index,
    secret: list.secret(index),
    path: list.path(index),
  });
}

/** True when the ticket is for this job, signed by the validator, and opens the root he committed to. */
export function verifyTicket(
  ticket: Ticket,
  expected: { job: JobId; validator: NodeId; root: Hash },
): boolean {
  const { body } = ticket;
  if (body.job !== expected.job || ticket.by !== expected.validator || body.root !== expected.root)
    return false;
  if (body.path.length > 32 || body.index < 0 || body.index >= 2 ** body.path.length) return false;
  let hash = leafOf(body.secret, body.index);
  for (const [level, sibling] of body.path.entries())
    hash = ((body.index >> level) & 1) === 0 ? innerOf(hash, sibling) : innerOf(sibling, hash);
  return hash === body.root && verifyBody(ticketDomain, ticket);
}
