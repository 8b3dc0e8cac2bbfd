import type { z } from 'zod';
import { bpsSchema, countSchema } from '../fields/numbers.ts';
import type { StandingParameters } from '../scoring/standings.ts';

/** How a job of any kind of market goes: who is drawn, how long each stage lasts, what history weighs. */
export interface JobParameters extends StandingParameters {
  /** Of all parameters of the market together. */
  readonly version: number;
  /** Paid members of a shard, 3 or more. */
  readonly shardSize: number;
  /** Nodes of one owner that take part in one job at most, drawn or called. */
  readonly seatsPerOwner: number;
  /** Witnesses drawn for a job, as far as there are validators. */
  readonly witnesses: number;
  /** Validators whose tickets seed a draw. */
  readonly ticketValidators: number;
  /** Largest share of the total stake that counts in a draw. */
  readonly stakeCapBps: number;
  /** Share of the shard whose commits close the cut. */
  readonly quorumBps: number;
  /** After the quorum, stragglers get this long before they are late. */
  readonly cutGraceMs: number;
  /** Time for the sealed half, from the request. */
  readonly sealedDeadlineMs: number;
  /** Time for the full data, from the request. */
  readonly fullDeadlineMs: number;
  readonly revealDeadlineMs: number;
  /** By how much the clocks of honest nodes may differ: an order is served for so long after its deadline. */
  readonly maximumClockSkewMs: number;
  /** Paid members who must have revealed for the job to be scored; otherwise the fee is refunded. */
  readonly minimumScored: number;
  readonly maximumTextBytes: number;
  /** Cells in which standings are counted. */
  readonly places: number;
  /** Jobs that a newcomer sits in unpaid. */
  readonly probationJobs: number;
  /** Newcomers that sit in on one job at most. */
  readonly probationSeats: number;
  readonly declinesPerEpoch: number;
  /** Longest time for which a member may hold a friend that it has called. */
  readonly claimTtlMs: number;
  /** Friends that a member may call for one job, one after the other. */
  readonly maximumClaims: number;
  /** Share of routed jobs that are run as full shard jobs. */
  readonly auditBps: number;
}

export const jobParametersShape = {
  version: countSchema,
  shardSize: countSchema,
  seatsPerOwner: countSchema,
  witnesses: countSchema,
  ticketValidators: countSchema,
  stakeCapBps: bpsSchema,
  quorumBps: bpsSchema,
  cutGraceMs: countSchema,
  sealedDeadlineMs: countSchema,
  fullDeadlineMs: countSchema,
  revealDeadlineMs: countSchema,
  maximumClockSkewMs: countSchema,
  minimumScored: countSchema,
  maximumTextBytes: countSchema,
  places: countSchema,
  historyWeight: countSchema,
  placeShrinkage: countSchema,
  globalShrinkage: countSchema,
  probationJobs: countSchema,
  probationSeats: countSchema,
  declinesPerEpoch: countSchema,
  claimTtlMs: countSchema,
  maximumClaims: countSchema,
  auditBps: bpsSchema,
} satisfies Record<keyof JobParameters, z.ZodType<number>>;

export const defaultJobParameters: JobParameters = {
  version: 1,
  shardSize: 5,
  seatsPerOwner: 1,
  witnesses: 3,
  ticketValidators: 2,
  stakeCapBps: 1_000,
  quorumBps: 8_000,
  cutGraceMs: 1_000,
  sealedDeadlineMs: 4_000,
  fullDeadlineMs: 8_000,
  revealDeadlineMs: 8_000,
  maximumClockSkewMs: 120_000,
  minimumScored: 2,
  maximumTextBytes: 32 * 1024,
  places: 64,
  historyWeight: 4,
  placeShrinkage: 16,
  globalShrinkage: 4,
  probationJobs: 20,
  probationSeats: 1,
  declinesPerEpoch: 3,
  claimTtlMs: 2_000,
  maximumClaims: 4,
  auditBps: 500,
};
