import { decode, encode, type NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { type Certificate, witnessesDomain } from '@market-of-experts/protocol';
import { peerMs } from '../job/job-times.ts';
import { witnessVoices } from '../job/witness-voices.ts';
import { refuse, serve } from '../messages/messaging.ts';
import {
  agreeRequestSchema,
  certifyResponseSchema,
  protocols,
  vouchRequestSchema,
  vouchResponseSchema,
} from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import {
  deliveredIn,
  leftOut,
  notesOfCut,
  questionOfCut,
  takeMessages,
  takeQuestion,
  takeStage,
  transcriptOf,
} from './delivered.ts';
import type { OutcomeSigner } from './outcome-signer.ts';
import type { WitnessedJob, WitnessedJobs } from './witnessed-jobs.ts';

export interface AgreementComponents {
  readonly transport: Transport;
  readonly view: Pick<MarketView, 'validators' | 'isQuorum' | 'task'>;
  readonly jobs: Pick<WitnessedJobs, 'known'>;
  readonly outcomes: OutcomeSigner;
  /** Whether the time is over in which the coordinator of a job would have had it certified. */
  readonly isOverdue: (witnessed: WitnessedJob) => boolean;
}

/** What another witness may send: sixteen seats with their answers. */
const maxAnswerBytes = 16 * 1024 * 1024;
/** Each round takes in what others held; who still lacks something then is told so by one that adds to it all the time. */
const maxRounds = 3;
/** Transcripts of a job that one witness may propose to another: each costs as much as certifying it. */
const maxProposals = 8;
/** Three rounds in as many attempts as there are in an hour. */
const maxAsked = 256;

const isNotedWith = async (...of: Parameters<typeof notesOfCut>): Promise<boolean> =>
  (await notesOfCut(...of)) !== undefined;

interface Asker {
  asked: number;
  signed: number;
}

/**
 * Certifies a job among its witnesses: by what they have signed for the coordinator, if two thirds of them signed the same;
 * otherwise by what they hold together. Undefined where too few of them agree.
 *
 * One honest proposer is enough: others sign every transcript that leaves out nothing they hold, so nobody can use up their
 * signatures, and a witness that sends nonsense, or nothing, is only one voice less.
 */
export async function agreeAlone(
  components: Omit<AgreementComponents, 'jobs' | 'isOverdue'>,
  witnessed: WitnessedJob,
): Promise<Certificate | undefined> {
  const { transport, view, outcomes } = components;
  const { job } = witnessed;
  const others = job.draw.witnesses.filter((node) => node !== transport.self);
  const ask = async (to: NodeId, protocol: string, request: Uint8Array): Promise<Uint8Array> =>
    transport.request(to, protocol, request, { timeoutMs: peerMs });

  const vouch = encode({ job: job.id });
  const voices = witnessVoices(job);
  const own = outcomes.signed(witnessed);
  if (own !== undefined) await voices.take(transport.self, own);
  const hear = async (other: NodeId): Promise<void> => {
    const bytes = await ask(other, protocols.vouch, vouch);
    const { certified, stage, question, messages } = decode(bytes, vouchResponseSchema, maxAnswerBytes);
    if (certified !== null) await voices.take(other, certified);
    if (stage !== null) await takeStage(witnessed, stage, () => isNotedWith(view, witnessed, stage));
    takeMessages(witnessed, messages);
    if (question !== null) takeQuestion(witnessed, other, question);
  };

  for (let round = 0; round < maxRounds; round += 1) {
    await Promise.allSettled(others.map(hear));
    const certified = voices.agreed();
    if (certified !== undefined) return certified;
    const stage = witnessed.cut;
    if (stage === undefined) return undefined;
    const delivered = deliveredIn(witnessed, stage);
    const question = questionOfCut(view, witnessed, stage, delivered);
    if (question === undefined) return undefined;
    const alone = witnessVoices(job, { isOfWitnesses: true });
    const transcript = transcriptOf(witnessed, stage, delivered, question);
    await alone.take(transport.self, await outcomes.sign(witnessed, transcript, witnessesDomain));
    const proposal = encode({ job: job.id, stage, question, ...delivered });
    await Promise.allSettled(
      others.map(async (other) =>
        alone.take(
          other,
          decode(await ask(other, protocols.agree, proposal), certifyResponseSchema, maxAnswerBytes),
        ),
      ),
    );
    const agreed = alone.agreed();
    if (agreed !== undefined) return agreed;
  }
  return undefined;
}

/** The other side of it. */
export function serveAgreement(components: AgreementComponents): void {
  const { transport, view, jobs, outcomes, isOverdue } = components;
  const askers = new WeakMap<WitnessedJob, Map<NodeId, Asker>>();
  const witnessedWith = (job: Parameters<WitnessedJobs['known']>[0], from: NodeId): WitnessedJob => {
    const witnessed = jobs.known(job);
    if (witnessed === undefined || !witnessed.job.draw.witnesses.includes(from))
      refuse('Only witnesses of a job certify it together, and only while they know of it.');
    return witnessed;
  };

  serve(transport, protocols.vouch, vouchRequestSchema, async ({ job }, from) => {
    const witnessed = witnessedWith(job, from);
    const stage = witnessed.cut ?? null;
    const delivered = stage === null ? { fullCommits: [], reveals: [] } : deliveredIn(witnessed, stage);
    const { fullCommits, reveals } = delivered;
    const question = (stage === null ? undefined : questionOfCut(view, witnessed, stage, delivered)) ?? null;
    const certified = outcomes.signed(witnessed) ?? null;
    const messages = [...fullCommits.map((commit) => ({ commit })), ...reveals.map((reveal) => ({ reveal }))];
    return { certified, stage, question, messages };
  });

  serve(transport, protocols.agree, agreeRequestSchema, async (request, from) => {
    const witnessed = witnessedWith(request.job, from);
    const known = askers.get(witnessed) ?? new Map<NodeId, Asker>();
    askers.set(witnessed, known);
    const asker = known.get(from) ?? { asked: 0, signed: 0 };
    known.set(from, asker);
    asker.asked += 1;
    if (asker.asked > maxAsked) refuse('This witness has asked often enough about the job.');
    await takeStage(witnessed, request.stage, () => isNotedWith(view, witnessed, request.stage));
    takeMessages(witnessed, [
      ...request.fullCommits.map((commit) => ({ commit })),
      ...request.reveals.map((reveal) => ({ reveal })),
    ]);
    if (!isOverdue(witnessed)) refuse('The coordinator of the job has time yet to have it certified.');
    takeQuestion(witnessed, from, request.question);
    const transcript = transcriptOf(witnessed, request.stage, request, request.question);
    const lacking = leftOut(witnessed, transcript, false);
    if (lacking.length > 0)
      refuse(`The transcript leaves out what ${lacking.length} experts have delivered.`);
    if (asker.signed >= maxProposals) refuse('This witness has proposed enough transcripts of the job.');
    asker.signed += 1;
    return outcomes.sign(witnessed, transcript, witnessesDomain);
  });
}
