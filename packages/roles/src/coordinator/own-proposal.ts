import { accountIdSchema, decode, encode, type NodeId } from '@market-of-experts/core';
import type { ReceiptStore } from '@market-of-experts/ledger';
import { z } from 'zod';
import type { ProposalNotes } from '../settlement/noted-proposal.ts';
import { maxOrdersPerBatch } from '../settlement/settlement-proposal.ts';

const proposalId = 'proposed-settlement';
const numberSchema = z.int().min(0);
const proposalSchema = z.strictObject({
  batch: numberSchema,
  orders: z
    .array(z.strictObject({ client: accountIdSchema, fromSeq: numberSchema, toSeq: numberSchema }))
    .max(maxOrdersPerBatch),
});

/** What a gateway has proposed last, beside its receipts. Which of the orders came to nothing, their records say. */
export function ownProposal(receipts: Pick<ReceiptStore, 'get' | 'put'>, gateway: NodeId): ProposalNotes {
  return {
    async last() {
      const bytes = await receipts.get(proposalId);
      if (bytes === undefined) return undefined;
      const { batch, orders } = decode(bytes, proposalSchema);
      return { batch, gateway, orders: orders.map((range) => ({ ...range, voids: [] })) };
    },
    async save({ batch, orders }) {
      const ranges = orders.map(({ client, fromSeq, toSeq }) => ({ client, fromSeq, toSeq }));
      await receipts.put(proposalId, encode({ batch, orders: ranges }), { pending: false });
    },
  };
}
