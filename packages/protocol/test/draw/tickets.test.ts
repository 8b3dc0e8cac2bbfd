import {
  generateKeyPair,
  type Hash,
  hashOf,
  type JobId,
  type NodeId,
  signBody,
} from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import {
  releaseTicket,
  type TicketBody,
  ticketDomain,
  ticketList,
  verifyTicket,
} from '../../src/draw/tickets.ts';

const keys = generateKeyPair();
const validator = keys.publicKey as NodeId;
const list = ticketList(hashOf('test', 'seed'), 5);
const job = hashOf('test', 'job') as string as JobId;
const expected = { job, validator, root: list.root };

describe('tickets', () => {
  it('every secret opens the root at its own index', () => {
    for (let index = 0; index < list.size; index += 1)
      expect(verifyTicket(releaseTicket(keys, list, index, job), expected)).toBe(true);
    expect(new Set(Array.from({ length: list.size }, (_, index) => list.secret(index))).size).toBe(32);
  });

  it('a list of one has its leaf as root', () => {
    const single = ticketList(hashOf('test', 'one'), 0);
    expect(verifyTicket(releaseTicket(keys, single, 0, job), { ...expected, root: single.root })).toBe(true);
  });

  const { body } = releaseTicket(keys, list, 7, job);
  const other = hashOf('test', 'other');
  it.each<[string, Partial<TicketBody>]>([
    ['another secret', { secret: other }],
    ['another index', { index: 6 }],
    ['an index beyond the list', { index: 7 + 32 }],
    ['a negative index', { index: -25 }],
    ['a changed path', { path: [other, ...body.path.slice(1)] }],
    ['a shorter path', { path: body.path.slice(1) }],
    ['a longer path', { path: [...body.path, other] }],
    ['an inner node as leaf', { index: 3, secret: other, path: body.path.slice(1) }],
    ['another root', { root: other }],
    ['another job', { job: other as string as JobId }],
  ])('refuses %s, even well signed', (_, change) => {
    expect(verifyTicket(signBody(keys, ticketDomain, { ...body, ...change }), expected)).toBe(false);
  });

  it("refuses another validator's, and a changed body under the old signature", () => {
    const thief = generateKeyPair();
    expect(verifyTicket(signBody(thief, ticketDomain, body), expected)).toBe(false);
    const ticket = releaseTicket(keys, list, 7, job);
    expect(verifyTicket({ ...ticket, by: thief.publicKey }, expected)).toBe(false);
    expect(verifyTicket(ticket, { ...expected, job: other as string as JobId })).toBe(false);
    expect(verifyTicket(ticket, { ...expected, root: other as Hash })).toBe(false);
  });
});
