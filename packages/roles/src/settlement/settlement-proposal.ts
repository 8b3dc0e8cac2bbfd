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
  /** One a certificate, however many of its orders are in it, … */
  readonly proofs: readonly SettlementProof[];
  /** … and what each of their orders comes to, proof after proof. */
  readonly effects: readonly Effects[];
}

/** Orders with one proof for all that the same certificate proves. */
function grouped(orders: readonly ProvenOrder[]): Pick<SettlementProposal, 'proofs' | 'effects'> {
  const groups = new Map<string, { proof: SettlementProof; effects: Effects[] }>();
  for (const { proof, effects } of orders) {
    const known = groups.get(effects.proof);
    if (known?.proof.kind !== 'certificate' || proof.kind !== 'certificate') {
      groups.set(effects.proof, { proof, effects: [effects] });
      continue;
    }
    known.proof = { ...known.proof, data: [...known.proof.data, ...proof.data] };
    known.effects.push(effects);
  }
  const all = [...groups.values()];
  return { proofs: all.map(({ proof }) => proof), effects: all.flatMap(({ effects }) => effects) };
}

/** Throws `order-gap` unless each client's orders begin at its next and have no gap. */
export function proposalOf(
  orders: readonly ProvenOrder[],
  header: Pick<SettlementBody, 'network' | 'market' | 'batch' | 'gateway' | 'by'>,
  ledger: Pick<Ledger, 'nextOrderSeq'>,
): SettlementProposal {
  const { proofs, effects } = grouped(orders);
  const settlement = netSettlement(effects, {
    ...header,
    nextOrderSeq: (client: AccountId) => ledger.nextOrderSeq(client, header.market as MarketId),
  });
  return { settlement, proofs, effects };
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
  { settlement, proofs }: SettlementProposal,
  { ledger, transport, clock, from, signal: ending }: ProposalComponents,
): Promise<Collected> {
  const request = encode({ settlement, proofs });
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
export function batchOf({ settlement, effects }: SettlementProposal, { signatures }: Collected): BatchRecord {
  const signed: SignedSettlement = { settlement, signatures: [...signatures] };
  return {
    batch: settlement.batch,
    detail: settlementDetailBytes(effects),
    settlement: encode(signed),
  };
}
