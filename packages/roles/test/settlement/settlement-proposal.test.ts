import { type AccountId, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import type { Effects } from '@market-of-experts/protocol';
import { expect, it } from 'vitest';
import { type ProvenOrder, proposalOf } from '../../src/settlement/settlement-proposal.ts';

const clients = ['a', 'b', 'c'].map((digit) => `0x${digit.repeat(40)}` as AccountId);
const gateway = 'd'.repeat(64) as NodeId;
const header = { network: 'test', market: 'm' as MarketId, batch: 0, gateway, by: gateway };
const ledger = { nextOrderSeq: () => 0 };

function effectsOf(client: number, clientSeq: number, proof: string): Effects {
  return {
    proof: hashOf('test', proof),
    client: clients[client]!,
    clientSeq,
    deltas: [],
    slashes: [],
    losses: [],
  };
}
/** One order of a certificate, as far as a proposal reads it. */
function certified(client: number, clientSeq: number, job: string, datum: number): ProvenOrder {
  const proof = { kind: 'certificate', certificate: { job }, data: [datum] };
  return { proof, effects: effectsOf(client, clientSeq, job) } as unknown as ProvenOrder;
}
const voided = (client: number, clientSeq: number): ProvenOrder =>
  ({
    proof: { kind: 'void', body: { clientSeq } },
    effects: effectsOf(client, clientSeq, `void ${client}/${clientSeq}`),
  }) as unknown as ProvenOrder;

it('brings a certificate once, however many of its orders it settles, and counts orders', () => {
  const { settlement, proofs, effects } = proposalOf(
    [
      certified(0, 0, 'one', 2),
      certified(0, 1, 'two', 0),
      voided(1, 0),
      certified(1, 1, 'one', 0),
      certified(2, 0, 'two', 1),
    ],
    header,
    ledger,
  );
  expect(proofs).toMatchObject([
    { certificate: { job: 'one' }, data: [2, 0] },
    { certificate: { job: 'two' }, data: [0, 1] },
    { kind: 'void' },
  ]);
  expect(settlement.certificates).toBe(5);
  expect(effects.map(({ client, clientSeq }) => [clients.indexOf(client), clientSeq])).toEqual([
    [0, 0],
    [1, 1],
    [0, 1],
    [2, 0],
    [1, 0],
  ]);
  expect(settlement.orders.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
    [0, 2],
    [0, 2],
    [0, 1],
  ]);
});
