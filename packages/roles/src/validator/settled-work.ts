import type { Hash, JobId, NodeId } from '@market-of-experts/core';
import {
  type CertificateBody,
  certificateHash,
  hasWitnessQuorum,
  type SettlementBody,
} from '@market-of-experts/protocol';
import type { WitnessedCertificate } from '../job/certified-record.ts';
import type { WorkRecord } from './work-record.ts';

/** What a validator says of a job after it has recomputed it, or seen what others certified. */
export type Testimony = (body: CertificateBody) => CertificateBody;

/** A certificate of which a settlement settles some orders. */
export interface SettledCertificate extends WitnessedCertificate {
  /** Which of its data. */
  readonly data: readonly number[];
}

/** From what it recomputed, and what it verified of others' certificates, to a validator's record of a market. */
export interface SettledWork {
  /** A job that this validator recomputed as a witness. */
  witnessed(truth: CertificateBody): void;
  /** Certificates of a settlement that it checked and signed; what it settles of them counts once the ledger has it. */
  verified(settlement: SettlementBody, certificates: readonly SettledCertificate[]): void;
  /** The ledger has this settlement. */
  applied(settlement: SettlementBody): void;
  /** Validators that signed another outcome of a transcript than this one recomputed from it. */
  caught(): ReadonlySet<NodeId>;
}

/** Recomputed jobs that wait for their settlement. */
const maxWitnessed = 4_096;
const maxChecked = 16;
/** As many as a network has validators. */
const maxCaught = 256;

/**
 * Every settled datum counts, once: as recomputed where this validator was its witness, otherwise as certified, if at least two
 * validators said so that were never caught. So honest validators weigh alike, however few jobs each of them witnessed, and
 * a certificate that cannot be trusted counts for nobody but who recomputed it.
 */
export function settledWork(init: {
  readonly self: NodeId;
  readonly record: Pick<WorkRecord, 'observe'>;
  /** Default the truth. */
  readonly testimony?: Testimony | undefined;
  readonly caught?: Iterable<NodeId>;
}): SettledWork {
  const { self, record, testimony = (body) => body } = init;
  const recomputed = new Map<JobId, { readonly truth: CertificateBody; readonly left: Set<number> }>();
  const caught = new Set(init.caught);
  /** Signed settlements of one number, by their content: only the next of a market is ever signed, for a few gateways. */
  let number = -1;
  const checked = new Map<Hash, readonly SettledCertificate[]>();

  const catchLiars = ({ certificate: { body }, signers }: WitnessedCertificate): void => {
    const truth = recomputed.get(body.job)?.truth;
    // Of another transcript, honest witnesses say something else: a coordinator may have shown two.
    if (truth?.transcript !== body.transcript || certificateHash(truth) === certificateHash(body)) return;
    for (const signer of signers) if (signer !== self && caught.size < maxCaught) caught.add(signer);
  };
  const isBelieved = ({ signers, witnesses }: WitnessedCertificate): boolean => {
    if (signers.includes(self)) return true;
    const trusted = signers.filter((signer) => !caught.has(signer));
    return trusted.length >= 2 && hasWitnessQuorum(trusted, witnesses);
  };

  return {
    witnessed(truth) {
      recomputed.set(truth.job, { truth, left: new Set(truth.data.keys()) });
      if (recomputed.size > maxWitnessed) recomputed.delete(recomputed.keys().next().value!);
    },
    verified({ batch, root }, certificates) {
      // Whoever has money locked may have numbers without any work signed: they push nothing out.
      if (certificates.length === 0) return;
      if (batch !== number) checked.clear();
      number = batch;
      checked.set(root, certificates);
      if (checked.size > maxChecked) checked.delete(checked.keys().next().value!);
    },
    applied({ batch, root }) {
      const certificates = batch === number ? checked.get(root) : undefined;
      if (certificates === undefined) return;
      checked.clear();
      for (const each of certificates) catchLiars(each);
      for (const each of certificates) {
        const { body } = each.certificate;
        const own = recomputed.get(body.job);
        for (const datum of each.data) own?.left.delete(datum);
        if (own?.left.size === 0) recomputed.delete(body.job);
        if (own !== undefined || isBelieved(each)) record.observe(testimony(own?.truth ?? body), each.data);
      }
    },
    caught: () => caught,
  };
}
