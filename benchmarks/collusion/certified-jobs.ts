import type { Hash, JobId, NodeId } from '@market-of-experts/core';
import {
  type CertificateBody,
  certificateHash,
  hasWitnessQuorum,
  type SettlementBody,
} from '@market-of-experts/protocol';
import type { WitnessedCertificate } from '@market-of-experts/roles/job/certified-record';
import {
  type SettledWork,
  settledWork,
  type Testimony,
} from '@market-of-experts/roles/validator/settled-work';
import { type WorkRecord, workRecord } from '@market-of-experts/roles/validator/work-record';
import type { LyingGame } from './lying.ts';

/** What a validator ranks by: what it witnessed alone, every certificate, or every certificate but those of caught liars. */
export type FoldRule = 'witnessed' | 'every certificate' | 'trusted certificates';

/** A validator of the simulation, with the record that real ones keep. */
export interface Witness {
  readonly node: NodeId;
  readonly record: WorkRecord;
  /** What it signs, which may depend on who witnesses with it. */
  readonly says: (truth: CertificateBody, witnesses: readonly NodeId[]) => CertificateBody;
  readonly work: SettledWork;
  readonly testimony: Testimony;
}

export function witnessOf(node: NodeId, says: Witness['says'], testimony: Testimony): Witness {
  const record = workRecord();
  return { node, record, says, testimony, work: settledWork({ self: node, record, testimony }) };
}

/** One epoch's jobs, witnessed, certified, settled at its end and folded into the validators' records. */
export function playJobs(
  game: Pick<LyingGame, 'fold' | 'witnesses'>,
  truths: readonly CertificateBody[],
  validators: readonly Witness[],
  batch: number,
  draw: (count: number, of: number) => readonly number[],
): void {
  const settled: WitnessedCertificate[] = [];
  for (const truth of truths) {
    const drawn = draw(game.witnesses, validators.length).map((index) => validators[index]!);
    const witnesses = drawn.map(({ node }) => node);
    const said = new Map<CertificateBody | Hash, { body: CertificateBody; signers: NodeId[] }>();
    for (const witness of drawn) {
      if (game.fold === 'witnessed') witness.record.observe(witness.testimony(truth), [0]);
      else witness.work.witnessed(truth);
      const body = witness.says(truth, witnesses);
      const key = body === truth ? truth : certificateHash(body);
      const entry = said.get(key) ?? { body, signers: [] };
      entry.signers.push(witness.node);
      said.set(key, entry);
    }
    const agreed = [...said.values()].find(({ signers }) => hasWitnessQuorum(signers, witnesses));
    if (agreed !== undefined)
      settled.push({
        certificate: { body: agreed.body, signatures: [] },
        witnesses,
        signers: agreed.signers,
      });
  }
  if (game.fold === 'witnessed') return;
  if (game.fold === 'every certificate') {
    for (const { certificate } of settled)
      for (const { record, testimony } of validators) record.observe(testimony(certificate.body), [0]);
    return;
  }
  const settlement = { batch, root: `batch-${batch}` } as unknown as SettlementBody;
  for (const { work } of validators) {
    work.verified(
      settlement,
      settled.map((each) => ({ ...each, data: [0] })),
    );
    work.applied(settlement);
  }
}

/** The parts of a certificate that a record reads. */
export function outcomeOf(
  job: number,
  winner: number,
  members: readonly { readonly expert: number; readonly loss: number }[],
): CertificateBody {
  return {
    job: `job-${job}` as JobId,
    transcript: `transcript-${job}` as Hash,
    data: [{ winner: expertName(winner), vector: new Uint8Array(), vectorSalt: new Uint8Array() }],
    members: members.map(({ expert, loss }) => ({
      principal: expertName(expert),
      worker: expertName(expert),
      workerBps: 10_000,
      onProbation: false,
      outcome: 'scored',
      losses: [[Math.round(1_000 * loss), 1_000]],
    })),
  } as unknown as CertificateBody;
}

export function expertName(index: number): NodeId {
  return `expert-${String(index).padStart(3, '0')}` as NodeId;
}
