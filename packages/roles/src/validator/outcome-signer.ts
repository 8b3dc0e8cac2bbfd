import type { NodeId } from '@market-of-experts/core';
import {
  type CertificateBody,
  certificateDomain,
  certifyJob,
  replayTranscript,
  signedForm,
  type Transcript,
  verifyTranscriptSignatures,
  witnessesDomain,
} from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';
import type { MarketView } from '../view/market-view.ts';
import type { SettledWork, Testimony } from './settled-work.ts';
import type { WitnessedJob } from './witnessed-jobs.ts';

/** An outcome and the signature of one witness under it. */
interface SignedOutcome {
  readonly body: CertificateBody;
  readonly signature: Uint8Array;
}

/** Recomputes jobs from their transcripts alone, and signs what comes out. */
export interface OutcomeSigner {
  /**
   * Once of a job for its coordinator; under the witnesses' domain of whatever transcripts these agree on, and afterwards for
   * the coordinator no more. Rejects with `message-refused`, `bad-signature`, `no-quorum` or `signed-already`.
   */
  sign(
    witnessed: WitnessedJob,
    transcript: Transcript,
    domain: typeof certificateDomain | typeof witnessesDomain,
  ): Promise<SignedOutcome>;
  /** What it has signed for the coordinator. */
  signed(witnessed: WitnessedJob): SignedOutcome | undefined;
}

export function outcomeSigner(init: {
  readonly self: NodeId;
  readonly view: Pick<MarketView, 'task'>;
  readonly testimony?: Testimony | undefined;
  readonly work?: Pick<SettledWork, 'witnessed'> | undefined;
}): OutcomeSigner {
  const { self, view, testimony, work } = init;
  const observed = new WeakSet<WitnessedJob>();
  const signed = new WeakMap<WitnessedJob, SignedOutcome>();
  return {
    async sign(witnessed, transcript, domain) {
      const { standings, job } = witnessed;
      if (standings === undefined) refuse('The standings of this job are too old.');
      await verifyTranscriptSignatures(transcript);
      const closed = replayTranscript(transcript, job.roster);
      if (!closed.draw.witnesses.includes(self)) refuse('This validator is not a witness of the job.');
      const truth = certifyJob(closed, transcript, {
        task: view.task,
        standing: (node, place) => standings.of(node, place),
      });
      const body = testimony?.(truth) ?? truth;
      if (domain === witnessesDomain) witnessed.isCertifiedAlone = true;
      else if (witnessed.isCertifiedAlone)
        refuse('The witnesses have certified this job without its coordinator.');
      // A coordinator that could have several outcomes of a job would settle the one whose winner suits him.
      const { signature } = await witnessed.pen.sign(domain, signedForm(body));
      const outcome = { body, signature };
      if (domain === certificateDomain) signed.set(witnessed, outcome);
      if (!observed.has(witnessed)) work?.witnessed(truth);
      observed.add(witnessed);
      return outcome;
    },
    signed: (witnessed) => signed.get(witnessed),
  };
}
