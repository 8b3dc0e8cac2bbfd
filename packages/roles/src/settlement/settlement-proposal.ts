import {
  type AccountId,
  type Clock,
  encode,
  type MarketId,
  type NodeId,
  type SenderId,
} from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import {
  type Effects,
  netSettlement,
  type SettlementBody,
  settlementDetailBytes,
} from '@market-of-experts/protocol';
import type { BatchRecord } from '@market-of-experts/receipts/receipt-record';
import type { SettlementProof } from '@market-of-experts/receipts/settlement-proof';
import { call } from '../messages/messaging.ts';
import { protocols } from '../messages/protocols.ts';
import { settlementResponseSchema } from '../messages/settlement-request.ts';
import type { SignedSettlement } from '../view/ledger-settlements.ts';
import { type Collected, collectSignatures } from './collect-signatures.ts';

/** Settled in a tenth of a second: a machine that keeps failing still gets something done each time. */
export const maxOrdersPerBatch = 64;

/** An order with what it comes to, and what proves that. */
export interface ProvenOrder {
  readonly proof: SettlementProof;
  readonly effects: Effects;
}

/** A settlement to be signed by the validators: the same form for whoever proposes it. */
export interface SettlementProposal {
  readonly settlement: SettlementBody;
  readonly orders: readonly ProvenOrder[];
}

/** Throws `order-gap` unless each client's orders begin at its next and have no gap. */
export function proposalOf(
  orders: readonly ProvenOrder[],
  header: Pick<SettlementBody, 'network' | 'market' | 'batch' | 'gateway' | 'by'>,
  ledger: Pick<Ledger, 'nextOrderSeq'>,
): SettlementProposal {
  const settlement = netSettlement(
    orders.map(({ effects }) => effects),
    {
      ...header,
      nextOrderSeq: (client: AccountId) => ledger.nextOrderSeq(client, header.market as MarketId),
    },
  );
  return { settlement, orders };
}

export interface ProposalComponents {
  readonly ledger: Ledger;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Who will submit it. */
  readonly from: SenderId;
  readonly signal?: AbortSignal;
}

const answerMs = 10_000;

/** Asks the validators for their signatures: each checks every proof. */
export async function signaturesOf(
  { settlement, orders }: SettlementProposal,
  { ledger, transport, clock, from, signal: ending }: ProposalComponents,
): Promise<Collected> {
  const request = encode({ settlement, proofs: orders.map(({ proof }) => proof) });
  const { network } = settlement;
  return collectSignatures({
    ledger,
    clock,
    transaction: { kind: 'settle', network, from, nonce: 0, settlement, signatures: [] },
    ...(ending === undefined ? {} : { signal: ending }),
    ask: async (node: NodeId, signal) => {
      const options = { timeoutMs: answerMs, signal };
      return (await call(transport, node, protocols.settle, request, settlementResponseSchema, options))
        .signature;
    },
  });
}

/** What is kept of it, before the ledger has it. */
export function batchOf({ settlement, orders }: SettlementProposal, { signatures }: Collected): BatchRecord {
  const signed: SignedSettlement = { settlement, signatures: [...signatures] };
  return {
    batch: settlement.batch,
    detail: settlementDetailBytes(orders.map(({ effects }) => effects)),
    settlement: encode(signed),
  };
}
