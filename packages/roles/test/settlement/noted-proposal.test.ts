import { type AccountId, encode, type NodeId } from '@market-of-experts/core';
import { memoryReceipts } from '@market-of-experts/ledger';
import { memoryDisk } from '@market-of-experts/testing/memory-disk';
import { describe, expect, it } from 'vitest';
import { ownProposal } from '../../src/coordinator/own-proposal.ts';
import type { OrderNumber } from '../../src/job/order-number.ts';
import { ordersToPropose, type ProposalNotes } from '../../src/settlement/noted-proposal.ts';
import type { ProvenOrder } from '../../src/settlement/settlement-proposal.ts';

const gateway = 'a'.repeat(64) as NodeId;
const [first, second] = ['1', '2'].map((digit) => `0x${digit.repeat(40)}` as AccountId);

/** As far as a note goes. */
function order(
  client: AccountId,
  clientSeq: number,
  kind: 'certificate' | 'void' = 'certificate',
): ProvenOrder {
  return { proof: { kind }, effects: { client, clientSeq } } as unknown as ProvenOrder;
}
const ordersOf = (fresh: readonly ProvenOrder[]) => ({
  noted: ({ client, clientSeq }: OrderNumber, wasVoid: boolean) =>
    order(client, clientSeq, wasVoid ? 'void' : 'certificate'),
  fresh: async () => fresh,
});
const proposed = [order(first!, 3), order(first!, 4, 'void'), order(second!, 0)];

const keepers: readonly (readonly [string, () => ProposalNotes])[] = [
  ['in its own name', () => ownProposal(memoryReceipts(), gateway)],
  ['in place of others', () => memoryDisk().notes],
];
describe.each(keepers)('who proposes a settlement %s', (name, notesOf) => {
  it('proposes the same orders again under its number, and what is new under the next', async () => {
    const notes = notesOf();
    expect(await ordersToPropose({ batch: 7, gateway }, notes, ordersOf([]))).toEqual([]);
    expect(await ordersToPropose({ batch: 7, gateway }, notes, ordersOf(proposed))).toEqual(proposed);
    const later = [order(first!, 5)];
    const again = await ordersToPropose({ batch: 7, gateway }, notes, ordersOf(later));
    expect(again.map(({ effects }) => effects)).toEqual(proposed.map(({ effects }) => effects));
    // A gateway has records that say which of its orders came to nothing.
    if (name !== 'in its own name') expect(again).toEqual(proposed);
    expect(await ordersToPropose({ batch: 8, gateway }, notes, ordersOf(later))).toEqual(later);
  });

  it('proposes nothing else where an order is gone', async () => {
    const notes = notesOf();
    await ordersToPropose({ batch: 7, gateway }, notes, ordersOf(proposed));
    const gone = { noted: () => undefined, fresh: async () => [order(second!, 0)] };
    await expect(ordersToPropose({ batch: 7, gateway }, notes, gone)).rejects.toMatchObject({
      code: 'settlement-incomplete',
    });
  });
});

it('a gateway reads and writes its note in the form that it always had', async () => {
  const receipts = memoryReceipts();
  const stored = encode({ batch: 7, orders: [{ client: first!, fromSeq: 3, toSeq: 5 }] });
  await receipts.put('proposed-settlement', stored, { pending: false });
  const notes = ownProposal(receipts, gateway);
  const note = await notes.last(gateway);
  expect(note).toEqual({
    batch: 7,
    gateway,
    orders: [{ client: first, fromSeq: 3, toSeq: 5, voids: [] }],
  });
  await notes.save(note!);
  expect(await receipts.get('proposed-settlement')).toEqual(stored);
});
