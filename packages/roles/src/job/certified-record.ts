import { MoeError, type NodeId, verifySignatureAsync } from '@market-of-experts/core';
import type { HistoryRecord } from '@market-of-experts/history';
import {
  areTicketsDue,
  type Certificate,
  type CertificateBody,
  certificateBytes,
  certifiedLosses,
  drawShard,
  hasWitnessQuorum,
  jobSeed,
  type Roster,
  type Ticket,
} from '@market-of-experts/protocol';

/** A certificate whose signatures were checked. */
export interface WitnessedCertificate {
  readonly certificate: Certificate;
  /** Drawn for the job. */
  readonly witnesses: readonly NodeId[];
  /** Those of them whose signature is valid. */
  readonly signers: readonly NodeId[];
}

/**
 * Whether enough of the witnesses that the tickets draw have signed. Tickets of the bringer's own making would let
 * him choose the witnesses, so they are checked too. Throws `not-certified`.
 */
export async function assertCertified(
  certificate: Certificate,
  tickets: readonly Ticket[],
  roster: Roster,
): Promise<WitnessedCertificate> {
  const { body, signatures } = certificate;
  if (!areTicketsDue(roster, body.job, tickets))
    throw new MoeError('not-certified', 'The tickets of a certificate are not those of its job.');
  const { witnesses } = drawShard(roster, jobSeed(roster.beacon, body.job, tickets));
  const bytes = certificateBytes(certificate);
  const signers: NodeId[] = [];
  for (const { by, signature } of signatures)
    if (witnesses.includes(by) && !signers.includes(by) && (await verifySignatureAsync(by, bytes, signature)))
      signers.push(by);
  if (!hasWitnessQuorum(signers, witnesses))
    throw new MoeError('not-certified', 'A certificate lacks the signatures of its witnesses.');
  return { certificate, witnesses, signers };
}

/**
 * One datum of a certificate as a record of history; undefined when nobody was scored. Who takes records from others calls
 * {@link assertCertified} first: a forged one would send calls and texts to its forger.
 */
export function historyRecordOf(
  body: CertificateBody,
  datum: number,
  atMs: number,
  latenciesMs: Readonly<Record<string, number>> = {},
): HistoryRecord | undefined {
  const { order, vector, feeMicro, winner } = body.data[datum]!;
  if (vector.length === 0) return undefined;
  return {
    order,
    atMs,
    place: body.place,
    vector: new Int8Array(vector),
    feeMicro,
    winner,
    outcomes: certifiedLosses(body, datum).map(({ node, principal, lossUnits, excessUnits, won }) => ({
      principal,
      worker: node,
      lossUnits,
      excessUnits,
      won,
      latencyMs: latenciesMs[node] ?? 0,
    })),
  };
}
