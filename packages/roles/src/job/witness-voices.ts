import { type JobId, type NodeId, verifySignatureAsync } from '@market-of-experts/core';
import {
  type Certificate,
  type CertificateBody,
  type CertificateSignature,
  certificateBytes,
  hasWitnessQuorum,
  type SealedJob,
} from '@market-of-experts/protocol';

/** Counts what the witnesses of a job have signed, until enough of them have signed the same. */
export interface WitnessVoices {
  /** What is not about the job, or not signed by who says it, counts as nothing. */
  take(
    witness: NodeId,
    said: { readonly body: CertificateBody; readonly signature: Uint8Array },
  ): Promise<void>;
  /** Once two thirds have said it. */
  agreed(): Certificate | undefined;
}

export function witnessVoices(
  job: { readonly id: JobId; readonly draw: Pick<SealedJob['draw'], 'witnesses'> },
  kind: Pick<Certificate, 'isOfWitnesses'> = {},
): WitnessVoices {
  const { witnesses } = job.draw;
  /** Signatures by what they are of. */
  const outcomes = new Map<string, CertificateSignature[]>();
  let agreed: Certificate | undefined;
  return {
    async take(by, { body, signature }) {
      if (body.job !== job.id) return;
      const bytes = certificateBytes({ body, ...kind });
      if (!(await verifySignatureAsync(by, bytes, signature))) return;
      const key = Buffer.from(bytes).toString('base64');
      const signatures = outcomes.get(key) ?? [];
      if (signatures.some((other) => other.by === by)) return;
      signatures.push({ by, signature });
      outcomes.set(key, signatures);
      const signers = signatures.map((each) => each.by);
      if (hasWitnessQuorum(signers, witnesses)) agreed ??= { body, signatures: [...signatures], ...kind };
    },
    agreed: () => agreed,
  };
}
