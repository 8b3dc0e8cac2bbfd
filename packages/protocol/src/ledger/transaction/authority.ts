import type { AccountId, KeyPair, NodeId, Signed } from '@market-of-experts/core';
import { encode } from '@market-of-experts/core';
import type { NodeSignature } from '../../fields/fields.ts';
import { certificateDomain } from '../../job/certificate.ts';
import { claimDomain } from '../../job/claims.ts';
import { statementDomain } from '../../job/equivocation.ts';
import type { SettlementBody } from '../../settlement/settlement-body.ts';
import { statementListDomain } from '../../statements/statement-list.ts';
import type { Misconduct } from './misconduct.ts';
import type { Transaction } from './transaction.ts';

const SETTLEMENT_DOMAIN = 'moe/settlement/1';
const NODE_CONSENT_DOMAIN = 'moe/node-consent/1';
const EPOCH_END_DOMAIN = 'moe/epoch-end/1';

/** A node agrees to be registered by an owner. */
interface NodeConsent {
  readonly network: string;
  readonly owner: AccountId;
  readonly node: NodeId;
}

/** Validators vouch that an epoch's time is over. */
export interface EpochEnd {
  readonly network: string;
  readonly epoch: number;
  readonly atMs: number;
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

/** A validator's part of the end of an epoch, when its clock says so. */
export function signEpochEnd(keys: KeyPair, body: EpochEnd): NodeSignature {
  return nodeSignature(keys, EPOCH_END_DOMAIN, body);
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
    case 'registerExpert':
    case 'registerValidator': {
      const { network, from, node, consent } = transaction;
      const body: NodeConsent = { network, owner: from, node };
      return [{ by: node, bytes: encode([NODE_CONSENT_DOMAIN, body]), signature: consent }];
    }
    case 'rotate': {
      const { network, from, next, consent } = transaction;
      const body: NodeConsent = { network, owner: from, node: next };
      return [{ by: next, bytes: encode([NODE_CONSENT_DOMAIN, body]), signature: consent }];
    }
    case 'endEpoch': {
      const { network, epoch, atMs } = transaction;
      const body: EpochEnd = { network, epoch, atMs };
      const bytes = encode([EPOCH_END_DOMAIN, body]);
      return transaction.signatures.map(({ node, signature }) => ({ by: node, bytes, signature }));
    }
    case 'evidence':
      return signaturesIn(transaction.proof);
    default:
      return [];
  }
}

function signaturesIn(proof: Misconduct): readonly RequiredSignature[] {
  switch (proof.kind) {
    case 'statements':
      return proof.statements.flatMap(({ kind, signed }) => {
        const said = signedBody(statementDomain[kind], signed);
        // A grant proves that it was asked for, too.
        return kind === 'grant' ? [said, signedBody(claimDomain, signed.body.claim)] : [said];
      });
    case 'certificates':
      return proof.certificates.map((certificate) =>
        signedBody(certificateDomain, { ...certificate, by: proof.validator }),
      );
    case 'settlements':
      return proof.settlements.map((settlement) =>
        signedBody(SETTLEMENT_DOMAIN, { ...settlement, by: proof.validator }),
      );
    case 'settlement':
      return [signedBody(SETTLEMENT_DOMAIN, { ...proof.settlement, by: proof.validator })];
    case 'contradiction':
      return proof.statements.map(({ list }) =>
        signedBody(statementListDomain, { ...list, by: list.body.node }),
      );
  }
}

function signedBody(domain: string, { by, body, signature }: Signed<unknown>): RequiredSignature {
  return { by, bytes: encode([domain, body]), signature };
}
