import type { NodeId } from '@market-of-experts/core';
import { rosterHash } from '../draw/shard.ts';
import type { Standing } from '../scoring/standings.ts';
import { drawCalibration, scoreMembers } from '../tasks/embedding/loss.ts';
import { addInto, int8Direction } from '../tasks/embedding/vector.ts';
import {
  type CertificateBody,
  type CertifiedMember,
  type MemberOutcome,
  transcriptHash,
} from './certificate.ts';
import type { ArrivalRecord, Transcript } from './messages.ts';
import { penaltiesOf } from './penalties.ts';
import { type ClosedJob, type OpenedReveal, openReveal } from './phases.ts';
import { winnerOf } from './winner.ts';

/** What certifying needs beside the transcript; each is certified data that every verifier holds. */
export interface CertifyContext {
  /** Published vector of a calibration piece. */
  readonly calibration: (node: NodeId, index: number) => Int16Array;
  readonly standing: (node: NodeId, place: number) => Standing;
  /** Place nearest to a sum of vectors. */
  readonly placeOf: (sum: Int32Array) => number;
  /** Calibration pieces that may not serve as distractors (of the datum's own document). */
  readonly isExcluded?: (calibrationIndex: number) => boolean;
}

/** The certificate of a closed job, or why there is none: a pure function of signed data. */
export function certifyJob(job: ClosedJob, transcript: Transcript, context: CertifyContext): CertificateBody {
  const { parameters } = job.roster;
  const experts = new Map(job.roster.experts.map((expert) => [expert.node, expert] as const));
  const opened = new Map<NodeId, OpenedReveal>();
  for (const reveal of job.reveals) {
    const vectors = openReveal(job, reveal);
    if (vectors !== undefined) opened.set(reveal.principal, vectors);
  }
  // Witnesses do not see the datum: how many pieces its mask makes is what most of the paid members say.
  const pieces = usualPieces(job, opened);
  const miscounted = new Set<NodeId>();
  for (const [node, vectors] of opened)
    if (vectors.pieces.length !== pieces) {
      opened.delete(node);
      miscounted.add(node);
    }
  const commitOf = new Map(job.commits.map(({ body }) => [body.principal, body] as const));
  const workerOf = (principal: NodeId): NodeId => commitOf.get(principal)?.worker ?? principal;
  const judges = job.draw.members.filter((node) => opened.has(node));
  const present =
    judges.length >= parameters.minimumScored ? job.seats.filter((node) => opened.has(node)) : [];
  const scores = present.length === 0 ? undefined : scoreSeats(job, present, opened, workerOf, context);
  // Where judges do not agree with one another, there is no score and no fault.
  const scored = scores === undefined ? [] : present;
  const sum = sumOfKept(judges, opened, parameters.dimensions);
  const place = scored.length === 0 ? 0 : context.placeOf(sum);

  const members = job.seats.map((principal): CertifiedMember => {
    const seat = scored.indexOf(principal);
    const score = scores?.[seat];
    const outcome =
      score === undefined
        ? miscounted.has(principal) && scored.length > 0
          ? 'outlier'
          : absentOutcome(
              job,
              principal,
              opened.has(principal) || miscounted.has(principal),
              transcript.arrivals,
            )
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
      loss: score === undefined ? null : [Number(score.loss.numerator), Number(score.loss.denominator)],
      standing: { global: [global.jobs, global.excessUnits], place: [here.jobs, here.excessUnits] },
      ...penalties,
    };
  });
  const winner = winnerOf(
    members,
    job.commits.map(({ body }) => body.principal),
    parameters,
  );
  return {
    network: job.roster.network,
    market: job.roster.market,
    job: job.id,
    client: job.order.body.client,
    clientSeq: job.order.body.clientSeq,
    roster: rosterHash(job.roster),
    transcript: transcriptHash(transcript),
    batch: job.roster.batch,
    place,
    vector: scored.length === 0 ? new Uint8Array() : int8Direction(sum),
    members,
    winner,
    feeMicro: winner === null ? 0n : job.feeMicro,
  };
}

/** The most frequent number of pieces among the paid members that opened; the larger of two as frequent. */
function usualPieces(job: ClosedJob, opened: ReadonlyMap<NodeId, OpenedReveal>): number {
  const counts = new Map<number, number>();
  for (const node of job.draw.members) {
    const pieces = opened.get(node)?.pieces.length;
    if (pieces !== undefined) counts.set(pieces, (counts.get(pieces) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 0;
}

function sumOfKept(
  judges: readonly NodeId[],
  opened: ReadonlyMap<NodeId, OpenedReveal>,
  dimensions: number,
): Int32Array {
  const sum = new Int32Array(dimensions);
  for (const node of judges) addInto(sum, opened.get(node)!.kept);
  return sum;
}

function scoreSeats(
  job: ClosedJob,
  scored: readonly NodeId[],
  opened: ReadonlyMap<NodeId, OpenedReveal>,
  workerOf: (principal: NodeId) => NodeId,
  context: CertifyContext,
): ReturnType<typeof scoreMembers> {
  const { parameters } = job.roster;
  const judges = scored.filter((node) => job.draw.members.includes(node));
  // Everyone is compared on pieces of which every judge has published a vector.
  const judging = new Set(judges.map(workerOf));
  const available = Math.min(
    ...job.roster.experts.filter(({ node }) => judging.has(node)).map((expert) => expert.calibrationCount),
  );
  const drawn = drawCalibration(job.draw.seed, available, parameters.distractorPool, context.isExcluded);
  return scoreMembers(
    scored.map((node) => {
      const vectors = opened.get(node)!;
      return {
        kept: vectors.kept,
        pieces: vectors.pieces,
        full: vectors.full,
        calibration: (index) => context.calibration(workerOf(node), index),
        isJudge: judges.includes(node),
      };
    }),
    drawn,
    parameters.distractors,
  );
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
