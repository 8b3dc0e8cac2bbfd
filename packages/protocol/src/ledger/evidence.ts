import { type AccountId, encode, hashBytes, type MarketId, MoeError, type NodeId, shareBps } from '@moe/core';
import { certificateHash } from '../job/certificate.ts';
import { equivocationOf } from '../job/equivocation.ts';
import { type CommitBody, jobIdOf, type Reveal, sealFull, sealKept } from '../job/messages.ts';
import { netSettlement, parseSettlementDetail } from '../money/netting.ts';
import { float32FromBytes, int16FromBytes } from '../scoring/vector.ts';
import type { StakeTarget } from './fields.ts';
import type { Misconduct, OffenceKind } from './misconduct.ts';
import { APPLIED, type Applied, type Refused, refused } from './outcome.ts';
import { addToPool, backingOf, credit, slashShare } from './pots.ts';
import { currentTarget } from './rotation.ts';
import { type SettlementBody, settlementBodySchema } from './settlement-body.ts';
import { expertKey, type LedgerView, targetKey } from './state.ts';
import type { TransactionOf } from './transaction.ts';

/** What a proof comes to: who did what, about what. */
interface Finding {
  readonly target: StakeTarget;
  readonly kind: OffenceKind;
  /** A job, or a market's batch: nobody is punished twice for the same. */
  readonly subject: string;
}

/**
 * Slashes a node for provable misbehaviour, once for each job or batch: a share of all stake behind it, of which the
 * reporter gets a part and the market's pool the rest. The proof is verified by doing again what the node claims to have
 * done; signatures in it were checked before (`innerSignatures`).
 */
export function applyEvidence(view: LedgerView, tx: TransactionOf<'evidence'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  const found = findingOf(tx.proof, tx.market, tx.network);
  if (found === undefined)
    return refused('invalid-evidence', 'This does not contradict itself: it proves nothing.');
  const target = currentTarget(view, found.target);
  const backing = backingOf(view, target);
  if ('applied' in backing) return backing;
  const key = `${targetKey(found.target)}/${found.kind}/${found.subject}`;
  if (view.offences.get(key) !== undefined)
    return refused(
      'already-punished',
      `Node ${found.target.node} was punished for ${found.subject} already.`,
    );
  const { slashBps } = market.terms.parameters;
  const bps = found.kind === 'wrong-reveal' ? slashBps['wrong-reveal'] : slashBps.equivocation;
  const amountMicro = slashShare(view, target, bps);
  const rewardMicro = shareBps(amountMicro, view.network.get('network')!.rules.reporterBps);
  credit(view, reporterAccount(view, tx), rewardMicro);
  addToPool(view, tx.market, amountMicro - rewardMicro);
  view.offences.set(key, {
    target: found.target,
    kind: found.kind,
    subject: found.subject,
    amountMicro,
    reporter: tx.from,
    rewardMicro,
  });
  return APPLIED;
}

/** What a proof shows; undefined when everything in it can be true. */
export function findingOf(proof: Misconduct, market: MarketId, network: string): Finding | undefined {
  const expert = (node: NodeId): StakeTarget => ({ role: 'expert', market, node });
  const isHere = (body: { readonly network: string; readonly market: MarketId }): boolean =>
    body.network === network && body.market === market;
  switch (proof.kind) {
    case 'statements': {
      const found = equivocationOf(...proof.statements);
      if (found === undefined || !isHere(proof.order) || jobIdOf(proof.order) !== found.job) return undefined;
      return { target: expert(found.node), kind: 'equivocation', subject: found.job };
    }
    case 'reveal': {
      const { commit, reveal } = proof;
      const { job, worker, principal } = commit.body;
      const isSame = reveal.job === job && reveal.worker === worker && reveal.principal === principal;
      if (!isSame || commit.by !== worker || !isHere(proof.order) || jobIdOf(proof.order) !== job)
        return undefined;
      if (sealOf(commit.body, reveal) === commit.body.seal) return undefined;
      return { target: expert(worker), kind: 'wrong-reveal', subject: job };
    }
    case 'certificates': {
      const [{ body: a }, { body: b }] = proof.certificates;
      if (!isHere(a) || !isHere(b) || a.job !== b.job || certificateHash(a) === certificateHash(b))
        return undefined;
      return { target: validatorOf(proof), kind: 'double-certificate', subject: a.job };
    }
    case 'settlements': {
      const [{ body: a }, { body: b }] = proof.settlements;
      // Two gateways may both propose the next batch; one of them never has two proposals.
      if (!isHere(a) || !isHere(b) || a.batch !== b.batch || a.gateway !== b.gateway || isSameBody(a, b))
        return undefined;
      return {
        target: validatorOf(proof),
        kind: 'double-settlement',
        subject: `${market}/${a.batch}/${a.gateway}`,
      };
    }
    case 'settlement': {
      const { body } = proof.settlement;
      if (!isHere(body) || hashBytes(proof.detail) !== body.root || paysItsDetail(body, proof.detail))
        return undefined;
      return {
        target: validatorOf(proof),
        kind: 'invalid-settlement',
        subject: `${market}/${body.batch}/${body.gateway}`,
      };
    }
  }
}

function validatorOf({ validator }: { readonly validator: NodeId }): StakeTarget {
  return { role: 'validator', node: validator };
}

/** The seal that a reveal opens in the stage of a commit; undefined where it holds no vectors. */
function sealOf({ stage }: CommitBody, reveal: Reveal): string | undefined {
  const parts = stage === 'sealed' ? [reveal.kept] : reveal.pieces;
  if (parts.some(({ length }) => length % 2 !== 0) || reveal.full.length % 4 !== 0) return undefined;
  return stage === 'sealed'
    ? sealKept(reveal, int16FromBytes(reveal.kept), reveal.keptSalt)
    : sealFull(reveal, reveal.pieces.map(int16FromBytes), float32FromBytes(reveal.full), reveal.fullSalt);
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
      nextOrderSeq: (client) => fromSeq.get(client) ?? -1,
    });
    // Sums of hostile amounts may be larger than any settlement, or any encoding, holds.
    return settlementBodySchema.safeParse(netted).success && isSameBody(netted, body);
  } catch (error) {
    if (error instanceof MoeError) return false;
    throw error;
  }
}

/** A node that reports earns for its owner. */
function reporterAccount(view: LedgerView, { from, market }: TransactionOf<'evidence'>): AccountId {
  const node = from as NodeId;
  return (
    view.validators.get(node)?.owner ??
    view.experts.get(expertKey(market, node))?.owner ??
    (from as AccountId)
  );
}
