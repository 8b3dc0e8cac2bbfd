import { hashOf, MoeError, type NodeId } from '@market-of-experts/core';
import { rosterHash } from '../draw/shard.ts';
import type { MarketParameters } from '../parameters/market-parameters.ts';
import type { Standing } from '../scoring/standings.ts';
import type { SeatScore, Task } from '../tasks/task.ts';
import {
  type CertificateBody,
  type CertifiedDatum,
  type CertifiedMember,
  type MemberOutcome,
  transcriptHash,
} from './certificate.ts';
import type { ArrivalRecord, Transcript } from './messages.ts';
import { orderId } from './orders.ts';
import { penaltiesOf } from './penalties.ts';
import { type ClosedJob, openReveal } from './phases.ts';
import type { OpenedQuestion } from './question.ts';
import { winnerOf } from './winner.ts';

/** What certifying needs beside the transcript: certified data that every verifier holds. */
export interface CertifyContext {
  readonly task: Task<MarketParameters>;
  readonly standing: (node: NodeId, place: number) => Standing;
}

/** The certificate of a closed job, or why there is none: a pure function of signed data. */
export function certifyJob(job: ClosedJob, transcript: Transcript, context: CertifyContext): CertificateBody {
  const { parameters } = job.roster;
  const experts = new Map(job.roster.experts.map((expert) => [expert.node, expert] as const));
  const { question } = transcript;
  // Whoever answered would be guilty of a wrong answer.
  if (!context.task.isQuestion(question, parameters))
    throw new MoeError('message-refused', 'Nobody can answer a question of this form.');
  const opened = new Map<NodeId, unknown>();
  for (const reveal of job.reveals) {
    const answer = openReveal(job, reveal, question, context.task);
    if (answer !== undefined) opened.set(reveal.principal, answer);
  }
  const commitOf = new Map(job.commits.map(({ body }) => [body.principal, body] as const));
  const workerOf = (principal: NodeId): NodeId => commitOf.get(principal)?.worker ?? principal;
  const judges = job.draw.members.filter((node) => opened.has(node));
  const present =
    judges.length >= parameters.minimumScored ? job.seats.filter((node) => opened.has(node)) : [];
  const scores =
    present.length === 0 ? undefined : scoreSeats(job, present, opened, workerOf, question, context.task);
  // Where judges do not agree with one another, there is no score and no fault.
  const scored = scores === undefined ? [] : present;
  const { place, vectors } =
    scored.length === 0
      ? { place: 0, vectors: job.orders.map(() => new Uint8Array()) }
      : context.task.placeOf(
          judges.map((node) => opened.get(node)),
          question,
          parameters,
        );

  const members = job.seats.map((principal): CertifiedMember => {
    const seat = scored.indexOf(principal);
    const score = scores?.[seat];
    const outcome =
      score === undefined
        ? absentOutcome(job, principal, opened.has(principal), transcript.arrivals)
        : score.isOutlier
          ? 'outlier'
          : score.isDissenting
            ? 'dissenting'
            : 'scored';
    const worker = workerOf(principal);
    const { global, place: here } = context.standing(worker, place);
    const workerBps =
      job.grants.find(({ body }) => body.claim.body.principal === principal)?.body.askBps ?? 10_000;
    const penalties = penaltiesOf(
      outcome,
      {
        feeMicro: job.feeMicro,
        principal: experts.get(principal)!,
        friend: worker === principal ? undefined : { ...experts.get(worker)!, bps: workerBps },
      },
      parameters,
    );
    return {
      principal,
      worker,
      workerBps,
      onProbation: job.draw.newcomers.includes(principal),
      outcome,
      losses: job.orders.map((_, datum) => {
        const loss = score?.losses[datum] ?? null;
        return loss === null ? null : [Number(loss.numerator), Number(loss.denominator)];
      }),
      standing: { global: [global.jobs, global.excessUnits], place: [here.jobs, here.excessUnits] },
      ...penalties,
    };
  });
  const inTurn = job.commits.map(({ body }) => body.principal);
  const data = job.orders.map(({ body }, datum): CertifiedDatum => {
    const winner = winnerOf(members, datum, inTurn, parameters);
    return {
      order: orderId(body),
      client: body.client,
      clientSeq: body.clientSeq,
      vector: vectors[datum]!,
      vectorSalt: hashOf('moe/vector-salt/1', [question.salt, datum]),
      winner,
      feeMicro: winner === null ? 0n : job.feesMicro[datum]!,
    };
  });
  return {
    network: job.roster.network,
    market: job.roster.market,
    job: job.id,
    data,
    roster: rosterHash(job.roster),
    transcript: transcriptHash(transcript),
    batch: job.roster.batch,
    place,
    members,
  };
}

function scoreSeats(
  { roster, draw }: ClosedJob,
  scored: readonly NodeId[],
  opened: ReadonlyMap<NodeId, unknown>,
  workerOf: (principal: NodeId) => NodeId,
  question: OpenedQuestion,
  task: Task<MarketParameters>,
): readonly SeatScore[] | undefined {
  const seats = scored.map((node) => ({
    worker: workerOf(node),
    opened: opened.get(node),
    isJudge: draw.members.includes(node),
  }));
  return task.score(seats, question, draw.seed, roster.parameters);
}

/** Why a seat has no score. Only what most witnesses confirm costs stake. */
function absentOutcome(
  job: ClosedJob,
  principal: NodeId,
  didOpen: boolean,
  arrivals: readonly ArrivalRecord[],
): MemberOutcome {
  const has = (list: readonly { readonly body: { readonly principal: NodeId } }[]): boolean =>
    list.some(({ body }) => body.principal === principal);
  const witnessesAgree = (stage: ArrivalRecord['body']['stage']): boolean => {
    const missing = arrivals.filter(
      (record) => record.body.stage === stage && !record.body.principals.includes(principal),
    );
    return 2 * missing.length > job.draw.witnesses.length;
  };
  if (has(job.declines)) return 'declined';
  if (!has(job.commits)) return witnessesAgree('sealed') ? 'late' : 'missed';
  if (!has(job.fullCommits)) return witnessesAgree('full') ? 'late' : 'missed';
  if (!job.reveals.some((reveal) => reveal.principal === principal))
    return witnessesAgree('reveal') ? 'no-reveal' : 'missed';
  // It revealed in good order but too few others did: no score, no fault.
  return didOpen ? 'missed' : 'wrong-reveal';
}
