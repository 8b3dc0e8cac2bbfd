import { encode, type Hash, hashBytes, type MarketId, MoeError, type NodeId } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import { certificateHash } from '../../job/certificate.ts';
import { equivocationOf } from '../../job/equivocation.ts';
import type { OrderBody } from '../../job/messages.ts';
import { jobIdOf } from '../../job/orders.ts';
import { netSettlement, parseSettlementDetail } from '../../settlement/netting.ts';
import { type SettlementBody, settlementBodySchema } from '../../settlement/settlement-body.ts';
import { contradictionOf } from '../../statements/contradiction.ts';
import type { Misconduct } from '../transaction/misconduct.ts';
import type { OffenceKind } from '../transaction/offence-kind.ts';

/** What a proof comes to: who did what, about what. */
export interface Finding {
  readonly target: StakeTarget;
  readonly kind: OffenceKind;
  /** A job, a market's batch, or the hash of a text. */
  readonly subject: string;
  /** What dates it. */
  readonly about:
    | { readonly orders: readonly OrderBody[] }
    | { readonly batch: number }
    | { readonly version: Hash; readonly epoch: number };
}

/** What a proof shows; undefined when everything in it can be true. */
export function findingOf(proof: Misconduct, market: MarketId, network: string): Finding | undefined {
  const isHere = (body: { readonly network: string; readonly market: MarketId }): boolean =>
    body.network === network && body.market === market;
  switch (proof.kind) {
    case 'statements': {
      const { orders } = proof;
      const found = equivocationOf(...proof.statements);
      if (found === undefined || !orders.every(isHere) || jobIdOf(orders) !== found.job) return undefined;
      const target: StakeTarget = { role: 'expert', market, node: found.node };
      return { target, kind: 'equivocation', subject: found.job, about: { orders } };
    }
    case 'certificates': {
      const { orders } = proof;
      const [{ body: a }, { body: b }] = proof.certificates;
      if (!isHere(a) || !isHere(b) || a.job !== b.job || certificateHash(a) === certificateHash(b))
        return undefined;
      if (!orders.every(isHere) || jobIdOf(orders) !== a.job) return undefined;
      return { target: validatorOf(proof), kind: 'double-certificate', subject: a.job, about: { orders } };
    }
    case 'settlements': {
      const [{ body: a }, { body: b }] = proof.settlements;
      // Two may both propose the next batch, also of one gateway; one of them never has two proposals.
      if (!isHere(a) || !isHere(b) || a.batch !== b.batch || !isOfSameProposer(a, b) || isSameBody(a, b))
        return undefined;
      return { target: validatorOf(proof), kind: 'double-settlement', ...batchOf(a) };
    }
    case 'settlement': {
      const { body } = proof.settlement;
      if (!isHere(body) || hashBytes(proof.detail) !== body.root || paysItsDetail(body, proof.detail))
        return undefined;
      return { target: validatorOf(proof), kind: 'invalid-settlement', ...batchOf(body) };
    }
    case 'contradiction': {
      const found = contradictionOf(...proof.statements, proof.version);
      if (found === undefined || !isHere(found)) return undefined;
      const { node, version, text, epoch } = found;
      const target: StakeTarget = { role: 'expert', market, node };
      return { target, kind: 'contradiction', subject: text, about: { version, epoch } };
    }
  }
}

function validatorOf({ validator }: { readonly validator: NodeId }): StakeTarget {
  return { role: 'validator', node: validator };
}

function batchOf({ market, batch, gateway, by }: SettlementBody): Pick<Finding, 'subject' | 'about'> {
  return { subject: `${market}/${batch}/${gateway}${by === gateway ? '' : `/${by}`}`, about: { batch } };
}

function isOfSameProposer(a: SettlementBody, b: SettlementBody): boolean {
  return a.gateway === b.gateway && a.by === b.by;
}

function isSameBody(a: SettlementBody, b: SettlementBody): boolean {
  return Buffer.compare(encode(a), encode(b)) === 0;
}

/** Nets the detail again: a settlement whose detail cannot be read or netted pays nothing that it says. */
function paysItsDetail(body: SettlementBody, detail: Uint8Array): boolean {
  try {
    const fromSeq = new Map(body.orders.map((order) => [order.client, order.fromSeq]));
    const netted = netSettlement(parseSettlementDetail(detail), {
      network: body.network,
      market: body.market,
      batch: body.batch,
      gateway: body.gateway,
      by: body.by,
      nextOrderSeq: (client) => fromSeq.get(client) ?? -1,
    });
    // Sums of hostile amounts may be larger than any settlement, or any encoding, holds.
    return settlementBodySchema.safeParse(netted).success && isSameBody(netted, body);
  } catch (error) {
    if (error instanceof MoeError) return false;
    throw error;
  }
}
