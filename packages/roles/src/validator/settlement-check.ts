import {
  encode,
  MoeError,
  messageOf,
  type NodeId,
  verifyBodyAsync,
  verifySignatureAsync,
} from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  type Certificate,
  certificateEffects,
  type Effects,
  netSettlement,
  type Roster,
  type RoutedTally,
  type SettlementBody,
  type Ticket,
  tallyDomain,
  tallyEffects,
  voidEffects,
} from '@market-of-experts/protocol';
import type { SettlementProof } from '@market-of-experts/receipts/settlement-proof';
import { assertCertified, type WitnessedCertificate } from '../job/certified-record.ts';
import { serve } from '../messages/messaging.ts';
import { protocols } from '../messages/protocols.ts';
import { settlementRequestSchema } from '../messages/settlement-request.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { MarketView } from '../view/market-view.ts';
import type { OrderNumbers } from './order-numbers.ts';
import { settledOutcomes } from './settled-outcomes.ts';
import type { SettledCertificate } from './settled-work.ts';
import { mayCloseUpTo, type OverdueInit } from './stand-ins.ts';

/** The market of a network that something belongs to. */
type OfMarket = Pick<SettlementBody, 'network' | 'market'>;

/** What one proof says of each of its orders, after checking that its signatures allow it. */
interface VerifiedProof {
  readonly effects: readonly Effects[];
  readonly settled?: SettledCertificate;
}

/** Throws `settlement-unverifiable`. */
async function verifiedProof(
  proof: SettlementProof,
  where: OfMarket,
  rosterOf: MarketView['rosterOf'],
): Promise<VerifiedProof> {
  if (proof.kind === 'void') {
    assertOfMarket(where, proof.body);
    return { effects: [voidEffects(proof.body)] };
  }
  const roster = rosterOf(proof.roster) ?? unverifiable('A proof names a roster that is not known here.');
  assertOfMarket(where, roster);
  if (proof.kind === 'tally') {
    assertOfMarket(where, proof.tally.client.body);
    return { effects: [await verifiedTally(proof.tally, roster)] };
  }
  const { certificate, data } = proof;
  assertOfMarket(where, certificate.body);
  if (certificate.body.roster !== proof.roster)
    unverifiable('A certificate is about another roster than its proof names.');
  if (data.some((datum) => certificate.body.data[datum] === undefined))
    unverifiable('A certificate has no such order as its proof names.');
  const witnessed = await verifiedCertificate(certificate, proof.tickets, roster);
  return {
    effects: data.map((datum) => certificateEffects(certificate, datum, roster)),
    settled: { ...witnessed, data },
  };
}

/** Who has noted a job under a number settles nothing else under it, whoever signs that. Rejects with `order-open`. */
async function bind(
  proof: SettlementProof,
  numbers: Pick<OrderNumbers, 'confirm' | 'ruleOut'>,
): Promise<void> {
  if (proof.kind === 'certificate') {
    const { job, data } = proof.certificate.body;
    await Promise.all(proof.data.map((datum) => numbers.confirm(data[datum]!, job)));
    return;
  }
  await numbers.ruleOut(proof.kind === 'tally' ? proof.tally.client.body : proof.body);
}

/** An order settles where it was made: elsewhere it would use up a number of another sequence. */
function assertOfMarket(where: OfMarket, { network, market }: OfMarket): void {
  if (network !== where.network || market !== where.market)
    unverifiable(`A proof is from ${network}/${market}, not ${where.network}/${where.market}.`);
}

async function verifiedTally({ client, worker }: RoutedTally, roster: Roster): Promise<Effects> {
  const { body } = client;
  const valid =
    client.by === body.client &&
    worker.by === body.worker &&
    (await verifyBodyAsync(tallyDomain, client)) &&
    (await verifySignatureAsync(worker.by, encode([tallyDomain, body]), worker.signature));
  if (!valid) unverifiable('A tally is not signed by both sides.');
  if (!roster.experts.some(({ node }) => node === body.worker))
    unverifiable('The worker of a tally is not in its roster.');
  return tallyEffects(body, roster);
}

async function verifiedCertificate(
  certificate: Certificate,
  tickets: readonly Ticket[],
  roster: Roster,
): Promise<WitnessedCertificate> {
  try {
    return await assertCertified(certificate, tickets, roster);
  } catch (error) {
    return unverifiable(messageOf(error));
  }
}

function unverifiable(message: string): never {
  throw new MoeError('settlement-unverifiable', message);
}

/** The questions that cost nothing, before any proof is looked at. Throws `settlement-unverifiable`. */
function assertDue(settlement: SettlementBody, from: NodeId, view: MarketView, overdue: OverdueInit): void {
  const { roster } = view.current();
  const { batch, gateway, by, orders } = settlement;
  if (by !== from)
    unverifiable('A settlement is brought by the gateway that it names, or who stands in for it.');
  assertOfMarket(roster, settlement);
  const due = view.nextBatch();
  if (batch !== due)
    unverifiable(`The next settlement of "${roster.market}" is number ${due}; this one is number ${batch}.`);
  if (orders.length === 0) unverifiable('A settlement without an order settles nothing.');
  for (const { client, fromSeq, toSeq } of orders) {
    const prepaid = view.prepaid(client);
    if (prepaid?.gateway !== gateway) unverifiable(`Client ${client} has no money locked for this gateway.`);
    if (prepaid.nextOrderSeq !== fromSeq)
      unverifiable(
        `The next unsettled order of client ${client} is ${prepaid.nextOrderSeq}, not ${fromSeq}.`,
      );
    if (by !== gateway && toSeq > mayCloseUpTo(by, client, overdue))
      throw new MoeError(
        'not-overdue',
        `Node ${by} may not close the orders of client ${client} before ${toSeq} in place of their gateway: no certified work below it is overdue here.`,
        { isRetryable: true },
      );
  }
}

export interface SettlementCheckComponents extends OverdueInit {
  readonly signer: GuardedSigner;
  readonly transport: Transport;
  readonly view: MarketView;
  readonly numbers: Pick<OrderNumbers, 'confirm' | 'ruleOut'>;
  /** Told of the certificates in every settlement that is signed. */
  readonly onSigned?:
    | ((settlement: SettlementBody, certificates: readonly SettledCertificate[]) => void)
    | undefined;
}

/**
 * Signs a settlement only for its own gateway, or for a validator that stands in for it, since work that this one holds a certificate
 * of is overdue; when it is the ledger's next, when every effect has its proof and the sums are those of the effects; and only
 * one of a number, gateway and proposer, for ever: two are proof of misconduct (`evidence.ts` of the ledger's rules).
 */
export function serveSettlements(components: SettlementCheckComponents): void {
  const { signer, transport, view, numbers, onSigned } = components;
  /** Proofs cost work: one settlement of a node is looked at, at a time. */
  const looking = new Set<NodeId>();
  const outcomes = settledOutcomes(view);
  const verify = async (settlement: SettlementBody, proofs: readonly SettlementProof[]) => {
    const verified = await Promise.all(
      proofs.map((proof) => verifiedProof(proof, settlement, view.rosterOf)),
    );
    const effects = verified.flatMap((proof) => proof.effects);
    const orders = new Map(settlement.orders.map(({ client, fromSeq }) => [client, fromSeq]));
    const netted = netSettlement(effects, {
      network: settlement.network,
      market: settlement.market,
      batch: settlement.batch,
      gateway: settlement.gateway,
      by: settlement.by,
      nextOrderSeq: (client) => orders.get(client) ?? unverifiable('A client is missing in the settlement.'),
    });
    if (Buffer.compare(encode(netted), encode(settlement)) !== 0)
      unverifiable('The settlement does not pay what its proofs say.');
    return verified.flatMap(({ settled }) => settled ?? []);
  };
  serve(transport, protocols.settle, settlementRequestSchema, async ({ settlement, proofs }, from) => {
    assertDue(settlement, from, view, components);
    if (looking.has(from))
      throw new MoeError('overloaded', 'Another settlement of this node is being checked.', {
        isRetryable: true,
      });
    looking.add(from);
    try {
      const certificates = await verify(settlement, proofs);
      // Only now: what an order number stands for stays so.
      await Promise.all(proofs.map((proof) => bind(proof, numbers)));
      // Who stands in settles by what he has: he cannot ask the gateway for its certificate.
      if (settlement.by === settlement.gateway)
        for (const { certificate } of certificates) outcomes.confirm(certificate.body);
      // The ledger may have gone on while the proofs were checked.
      assertDue(settlement, from, view, components);
      const signature = await signer.signSettlement(settlement);
      onSigned?.(settlement, certificates);
      return { signature };
    } finally {
      looking.delete(from);
    }
  });
}
