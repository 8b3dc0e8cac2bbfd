import {
  type AccountId,
  type Amount,
  accountIdSchema,
  amountSchema,
  BPS,
  bytesSchema,
  type Hash,
  hashOf,
  hashSchema,
  type JobId,
  jobIdSchema,
  type MarketId,
  marketIdSchema,
  type NodeId,
  nodeIdSchema,
  shareBps,
} from '@moe/core';
import { z } from 'zod';
import { rosterHash } from '../draw/shard.ts';
import type { SlashReason } from '../parameters.ts';
import { compareFractions, type Fraction, fraction } from '../scoring/fraction.ts';
import { drawCalibration, scoreMembers } from '../scoring/loss.ts';
import {
  excessUnits,
  lossUnitsPerJob,
  type Standing,
  shrunkenLoss,
  type WorkerLoss,
} from '../scoring/standings.ts';
import { addInto, int8Direction } from '../scoring/vector.ts';
import { type ArrivalRecord, limits, type Transcript } from './messages.ts';
import { type ClosedJob, type OpenedReveal, openReveal } from './phases.ts';

export type MemberOutcome =
  | 'scored'
  | 'declined'
  /** Out of the job, but not provably by its own fault. */
  | 'missed'
  /** Scored, but its view of the pieces is against the others': it judged nobody and cannot win. */
  | 'dissenting'
  | SlashReason;

export interface CertifiedMember {
  readonly principal: NodeId;
  /** Who did the work: the principal, or the friend that it called. */
  readonly worker: NodeId;
  /** The worker's share of the fee and of penalties; all of it where it is the principal. */
  readonly workerBps: number;
  readonly onProbation: boolean;
  readonly outcome: MemberOutcome;
  /** `[worse, compared]`: exact loss of this job, where it was scored. */
  readonly loss: readonly [number, number] | null;
  /** What the winner's rule knew of the worker: `[jobs, excessUnits]` globally and at the place. */
  readonly standing: {
    readonly global: readonly [number, number];
    readonly place: readonly [number, number];
  };
  /** Taken from the principal's stake, and from the worker's where it is another. */
  readonly slashMicro: Amount;
  readonly workerSlashMicro: Amount;
}

/** The outcome of a job: the client's receipt and the unit of settlement. Signed by its witnesses. */
export interface CertificateBody {
  readonly network: string;
  readonly market: MarketId;
  readonly job: JobId;
  readonly client: AccountId;
  readonly clientSeq: number;
  readonly roster: Hash;
  /** Hash of the transcript: evidence of every number here. */
  readonly transcript: Hash;
  /** Settlement batch up to which the standings were counted. */
  readonly batch: number;
  readonly place: number;
  /**
   * Where the datum lies, which makes a certificate a record of history: int8 direction of the sum of the judges'
   * kept halves. Empty when nobody was scored.
   */
  readonly vector: Uint8Array;
  readonly members: readonly CertifiedMember[];
  readonly winner: NodeId | null;
  readonly feeMicro: Amount;
}
export type CertificateSignature = { readonly by: NodeId; readonly signature: Uint8Array };
export interface Certificate {
  readonly body: CertificateBody;
  readonly signatures: readonly CertificateSignature[];
}
export const certificateDomain = 'moe/certificate/1';

const lossSchema = z.tuple([z.int().nonnegative(), z.int().nonnegative()]);
const tallySchema = z.tuple([z.int().nonnegative(), z.int()]);
export const certificateBodySchema: z.ZodType<CertificateBody> = z.object({
  network: z.string().max(64),
  market: marketIdSchema,
  job: jobIdSchema,
  client: accountIdSchema,
  clientSeq: z.int().nonnegative(),
  roster: hashSchema,
  transcript: hashSchema,
  batch: z.int().nonnegative(),
  place: z.int().nonnegative(),
  vector: bytesSchema(limits.vectorBytes),
  members: z
    .array(
      z.object({
        principal: nodeIdSchema,
        worker: nodeIdSchema,
        workerBps: z.int().min(0).max(10_000),
        onProbation: z.boolean(),
        outcome: z.enum([
          'scored',
          'declined',
          'missed',
          'dissenting',
          'late',
          'outlier',
          'no-reveal',
          'wrong-reveal',
          'equivocation',
        ]),
        loss: lossSchema.nullable(),
        standing: z.object({ global: tallySchema, place: tallySchema }),
        slashMicro: amountSchema,
        workerSlashMicro: amountSchema,
      }),
    )
    .max(limits.members),
  winner: nodeIdSchema.nullable(),
  feeMicro: amountSchema,
});

export function transcriptHash(transcript: Transcript): Hash {
  return hashOf('moe/transcript/1', transcript);
}

export function certificateHash(body: CertificateBody): Hash {
  return hashOf(certificateDomain, body);
}

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
    const slashBps = parameters.slashBps[outcome as SlashReason] ?? 0;
    const penaltyOf = (node: NodeId): Amount => shareBps(experts.get(node)!.stakeMicro, slashBps);
    const isCalled = worker !== principal;
    return {
      principal,
      worker,
      workerBps,
      onProbation: job.draw.newcomers.includes(principal),
      outcome,
      loss: score === undefined ? null : [Number(score.loss.numerator), Number(score.loss.denominator)],
      standing: { global: [global.jobs, global.excessUnits], place: [here.jobs, here.excessUnits] },
      slashMicro: isCalled ? shareBps(penaltyOf(principal), Number(BPS) - workerBps) : penaltyOf(principal),
      workerSlashMicro: isCalled ? shareBps(penaltyOf(worker), workerBps) : 0n,
    };
  });
  const winner = winnerOf(job, members);
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

/** Lowest shrunken loss among paid, scored members; ties by order of commit, then by id. */
function winnerOf(job: ClosedJob, members: readonly CertifiedMember[]): NodeId | null {
  const order = job.commits.map(({ body }) => body.principal);
  let best: { node: NodeId; loss: Fraction } | null = null;
  const candidates = members
    .filter((member) => member.outcome === 'scored' && !member.onProbation)
    .sort((a, b) => order.indexOf(a.principal) - order.indexOf(b.principal));
  for (const member of candidates) {
    const loss = expectedLoss(member, job.roster.parameters);
    if (best === null || compareFractions(loss, best.loss) < 0) best = { node: member.principal, loss };
  }
  return best?.node ?? null;
}

/** History and this job's evidence together (protocol.md, section 3). The member must have a loss. */
export function expectedLoss(
  member: Pick<CertifiedMember, 'loss' | 'standing'>,
  parameters: ClosedJob['roster']['parameters'],
): Fraction {
  const [worse, compared] = member.loss ?? [1, 1];
  const tally = ([jobs, excess]: readonly [number, number]) => ({ jobs, excessUnits: excess });
  return shrunkenLoss(
    fraction(worse, compared),
    { global: tally(member.standing.global), place: tally(member.standing.place) },
    parameters,
  );
}

/** A job's loss in the units of the table of places. Exact: see {@link lossUnitsPerJob}. */
export function lossUnits(
  loss: readonly [number, number],
  parameters: ClosedJob['roster']['parameters'],
): number {
  return Math.round((loss[0] * lossUnitsPerJob(parameters)) / loss[1]);
}

/**
 * What a certificate adds to the table of places: the loss of every worker that was scored, and its excess over the
 * paid members it was scored with. Those that judged nobody or were outliers are measured, but no measure.
 */
export function certifiedLosses(
  { members, place, winner }: Pick<CertificateBody, 'members' | 'place' | 'winner'>,
  parameters: ClosedJob['roster']['parameters'],
): WorkerLoss[] {
  const units = new Map(
    members.flatMap(({ principal, loss }) =>
      loss === null ? [] : [[principal, lossUnits(loss, parameters)] as const],
    ),
  );
  const measures = members.filter(({ outcome, onProbation }) => outcome === 'scored' && !onProbation);
  return members.flatMap(({ principal, worker }) => {
    const own = units.get(principal);
    if (own === undefined) return [];
    const others = measures.filter((other) => other.principal !== principal);
    return [
      {
        node: worker,
        principal,
        place,
        lossUnits: own,
        excessUnits: excessUnits(
          own,
          others.map((other) => units.get(other.principal)!),
        ),
        won: principal === winner,
      },
    ];
  });
}

/** Whether at least two thirds of the drawn witnesses signed. Signatures are checked by the caller. */
export function hasWitnessQuorum(signers: readonly NodeId[], witnesses: readonly NodeId[]): boolean {
  const valid = new Set(signers.filter((node) => witnesses.includes(node)));
  return witnesses.length > 0 && 3 * valid.size >= 2 * witnesses.length;
}
