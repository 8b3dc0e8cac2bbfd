import type { AccountId, Amount, KeyPair, MarketId, NodeId } from '@moe/core';
import { encode } from '@moe/core';
import { claimDomain } from '../job/claims.ts';
import { statementDomain } from '../job/equivocation.ts';
import type { LedgerView } from './state.ts';
import type { NodeSignature, SettlementBody, Transaction } from './transaction.ts';

const SETTLEMENT_DOMAIN = 'moe/settlement/1';
const NODE_CONSENT_DOMAIN = 'moe/node-consent/1';
const RELEASE_DOMAIN = 'moe/release/1';

/** A node agrees to be registered by an owner. */
interface NodeConsent {
  readonly network: string;
  readonly owner: AccountId;
  readonly node: NodeId;
}
/** A gateway (or validators) let a client take locked money back; `nonce` is that of the `unlock`. */
export interface Release {
  readonly network: string;
  readonly account: AccountId;
  readonly market: MarketId;
  readonly amountMicro: Amount;
  readonly nonce: number;
}

function nodeSignature(keys: KeyPair, domain: string, body: unknown): NodeSignature {
  return { node: keys.publicKey as NodeId, signature: keys.sign(encode([domain, body])) };
}

/** What a validator adds to a settlement after it has checked the certificates behind it. */
export function signSettlement(keys: KeyPair, body: SettlementBody): NodeSignature {
  return nodeSignature(keys, SETTLEMENT_DOMAIN, body);
}

/** The `consent` of a registration. */
export function signConsent(keys: KeyPair, network: string, owner: AccountId): Uint8Array {
  const body: NodeConsent = { network, owner, node: keys.publicKey as NodeId };
  return nodeSignature(keys, NODE_CONSENT_DOMAIN, body).signature;
}

/** What a gateway signs once it has no unsettled order of the client that the remaining money would not cover. */
export function signRelease(keys: KeyPair, body: Release): NodeSignature {
  return nodeSignature(keys, RELEASE_DOMAIN, body);
}

/** One signature that must hold before a transaction may be applied. */
export interface RequiredSignature {
  readonly by: string;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** The nodes' signatures inside a transaction (the owner's own signature around it is not among them). */
export function innerSignatures(transaction: Transaction): readonly RequiredSignature[] {
  switch (transaction.kind) {
    case 'settle': {
      const bytes = encode([SETTLEMENT_DOMAIN, transaction.settlement]);
      return transaction.signatures.map(({ node, signature }) => ({ by: node, bytes, signature }));
    }
    case 'unlock': {
      const { network, from, market, amountMicro, nonce } = transaction;
      const body: Release = { network, account: from, market, amountMicro, nonce };
      const bytes = encode([RELEASE_DOMAIN, body]);
      return transaction.release.map(({ node, signature }) => ({ by: node, bytes, signature }));
    }
    case 'registerExpert':
    case 'registerValidator': {
      const { network, from, node, consent } = transaction;
      const body: NodeConsent = { network, owner: from, node };
      return [{ by: node, bytes: encode([NODE_CONSENT_DOMAIN, body]), signature: consent }];
    }
    case 'evidence':
      return transaction.statements.flatMap(({ kind, signed }) => {
        const said = {
          by: signed.by,
          bytes: encode([statementDomain[kind], signed.body]),
          signature: signed.signature,
        };
        if (kind !== 'grant') return [said];
        // A grant proves that it was asked for, too.
        const { claim } = signed.body;
        return [said, { by: claim.by, bytes: encode([claimDomain, claim.body]), signature: claim.signature }];
      });
    default:
      return [];
  }
}

/** True if the nodes, each counted once, are validators with at least ⅔ of all validator stake. */
export function isQuorum(view: LedgerView, signatures: readonly NodeSignature[]): boolean {
  const total = view.network.get('network')?.validatorStakeMicro ?? 0n;
  let signed = 0n;
  for (const node of new Set(signatures.map((signature) => signature.node)))
    signed += view.validators.get(node)?.stakeMicro ?? 0n;
  return total > 0n && 3n * signed >= 2n * total;
}
